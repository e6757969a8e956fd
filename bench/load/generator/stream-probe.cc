/**
 * For the tests of frame-stream.h and what it feeds: bytes as if they came off sockets, in hexadecimal, and what became of
 * them. Started by ../frame-stream.test.ts: obeys lines on stdin, reports JSON lines on stdout.
 *
 *   new, as `connect` from the receivers on · read CLIENT HEX · close COUNT NUMBER… · sample COUNT MICROS… · tell
 */
#include <cstdio>
#include <deque>
#include <iostream>
#include <memory>

#include "commands.h"

/** All streams, and what they passed on, as "first byte:payload" and "!reason". */
class Probe final : public FrameHandler {
 public:
  explicit Probe(StreamContext made) : context(std::move(made)) {
    for (size_t client = 0; client < context.tally.clients(); client++) streams_.emplace_back(client, context, *this);
  }

  StreamContext context;
  std::string passedOn;

  void read(int client, const std::string& hex) {
    FrameStream& stream = streams_.at(client);
    char* target = readArea + HEADROOM_BYTES;
    for (size_t at = 0; at < hex.size(); at += 2) target[at / 2] = std::stoi(hex.substr(at, 2), nullptr, 16);
    const char* start = stream.uncarry();
    stream.consume(start, target + hex.size() / 2);
  }

  void onOther(int firstByte, const char* payload, int bytes) override {
    char head[8];
    snprintf(head, sizeof head, "%x:", firstByte);
    pass(head + std::string(payload, bytes));
  }

  void onBroken(const std::string& reason) override { pass("!" + reason); }

 private:
  void pass(const std::string& text) { passedOn += (passedOn.empty() ? "" : "|") + text; }

  std::deque<FrameStream> streams_;
};

static void tell(const Probe& probe) {
  const SequenceTally& tally = probe.context.tally;
  const Faults& faults = tally.faults;
  const Histogram& latency = probe.context.times.histogram;
  printf("{\"lost\":%lld,\"doubled\":%lld,\"reordered\":%lld,\"malformed\":%lld,\"deliveries\":%lld,\"seen\":%lld,"
         "\"timed\":%lld,\"quantiles\":[%lld,%lld,%lld],\"passedOn\":\"",
         (long long)faults.lost, (long long)faults.doubled, (long long)faults.reordered, (long long)faults.malformed,
         (long long)tally.deliveries, (long long)tally.seen(), (long long)latency.total(),
         (long long)latency.quantile(0.5), (long long)latency.quantile(0.99), (long long)latency.quantile(0.999));
  for (const char c : probe.passedOn) printf("%02x", static_cast<unsigned char>(c));
  printf("\"}\n");
  fflush(stdout);
}

int main() {
  std::unique_ptr<Probe> probe;
  for (std::string line; std::getline(std::cin, line);) {
    Command command(line);
    const std::string kind = command.word();
    if (kind == "new") probe.reset(new Probe(readContext(command)));
    if (kind == "read") {
      const int client = command.number();
      probe->read(client, command.word());
    }
    if (kind == "close") probe->context.tally.close(command.numbers());
    if (kind == "sample") {
      for (const int micros : command.numbers()) probe->context.times.histogram.record(micros);
    }
    if (kind == "tell") tell(*probe);
  }
  return 0;
}
