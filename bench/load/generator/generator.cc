/**
 * The load generator: all clients of a bench in one process, so that their cost never counts for a server. Native, because
 * on a machine that it shares with the server every microsecond of its own is taken from the server.
 * Started by ../generator-process.ts: obeys lines on stdin, reports JSON lines on stdout, ends with stdin.
 */
#include <sys/resource.h>

#include <cstdio>
#include <deque>
#include <memory>

#include "client.h"
#include "commands.h"

/** Connections that may be under way at once: below any listen backlog. */
constexpr int CONNECTING_AT_ONCE = 250;
constexpr int64_t LOOK_EVERY_MICROS = 5'000;
/** With nothing arriving for so long, what is missing is lost. */
constexpr int64_t STALL_MICROS = 5'000'000;
/** Shorter than any server's patience with a silent client of Engine.IO 3. */
constexpr int64_t PING_EVERY_MICROS = 15'000'000;
constexpr int MAX_EVENTS = 256;

static int64_t cpuMicros() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const auto micros = [](const timeval& time) { return time.tv_sec * int64_t{1'000'000} + time.tv_usec; };
  return micros(usage.ru_utime) + micros(usage.ru_stime);
}

static std::string quoted(const std::string& text) {
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') json += '\\';
    json += c >= ' ' && c <= '~' ? c : '?'; // what a server says may be anything
  }
  return json + '"';
}

/** One line; stdout is a pipe that the orchestrator always reads. */
template <typename... Values>
static void report(const char* format, Values... values) {
  printf(format, values...);
  putchar('\n');
  fflush(stdout);
}

static void reportFailure(const std::string& reason) {
  report("{\"kind\":\"failed\",\"message\":%s}", quoted(reason).c_str());
}

/** One round of questions: each client has one in flight until the time is over. */
struct Questions {
  const std::string event;
  const int64_t startMicros;
  const int64_t endMicros;
  /** Not answered yet. */
  int open;
  int64_t answers = 0;
  int64_t wrong = 0;
  int64_t lastMicros = 0;
};

class Generator final : public Fleet {
 public:
  Generator(int port, Dialect dialect, int epoll, StreamContext made)
      : Fleet(port, dialect, epoll, std::move(made)), wanted_(context.tally.clients()) {
    beginLoad();
    while (static_cast<int>(clients_.size()) < std::min(wanted_, CONNECTING_AT_ONCE)) connectOne();
  }

  void onJoined() override {
    joined_++;
    if (static_cast<int>(clients_.size()) < wanted_) connectOne();
    if (joined_ < wanted_) return;
    report("{\"kind\":\"connected\",\"startMicros\":%lld,\"busyShare\":%f}", (long long)beganMicros_, busyShare());
  }

  void onFailed(const std::string& reason) override { reportFailure(reason); }

  void onAnswer(Client& client, bool right) override {
    if (!questions_) return reportFailure("an answer to no question");
    Questions& questions = *questions_;
    const int64_t now = monotonicMicros();
    questions.lastMicros = now;
    questions.answers++;
    if (!right) questions.wrong++;
    context.times.histogram.record(now - client.askedMicros);
    if (now < questions.endMicros) ask(client, now);
    else if (--questions.open == 0) closeQuestions();
  }

  /** Sockets were ready and have been read. `idleMicros`: how long there was nothing to do before. */
  void onTurn(int64_t nowMicros, int64_t idleMicros, bool anyRead) {
    idleMicros_ += idleMicros;
    if (anyRead) lastReadMicros_ = nowMicros;
    if (nowMicros - lookedAtMicros_ < LOOK_EVERY_MICROS) return;
    lookedAtMicros_ = nowMicros;
    look(nowMicros);
  }

  void begin() {
    context.tally.beginMeasuring();
    context.times.histogram.reset();
    lastReadMicros_ = monotonicMicros(); // however long it was quiet before: nothing is missing yet
    beginLoad();
    report("{\"kind\":\"begun\"}");
  }

  void ask(int64_t millis, const std::string& event) {
    const int64_t now = monotonicMicros();
    questions_.reset(new Questions{event, now, now + millis * 1'000, static_cast<int>(clients_.size())});
    for (Client& client : clients_) ask(client, monotonicMicros());
  }

  void finish(std::vector<int> counts) { finishAt_.reset(new std::vector<int>(std::move(counts))); }

 private:
  void connectOne() { clients_.emplace_back(static_cast<int>(clients_.size()), *this); }

  void ask(Client& client, int64_t nowMicros) {
    client.askedMicros = nowMicros;
    client.ask(questions_->event);
  }

  void look(int64_t nowMicros) {
    const int64_t seen = context.tally.seen();
    if (seen != reported_) {
      reported_ = seen;
      report("{\"kind\":\"progress\",\"seen\":%lld}", (long long)seen);
    }
    if (dialect == Dialect::socketio2 && nowMicros - pingedMicros_ > PING_EVERY_MICROS) {
      pingedMicros_ = nowMicros;
      for (Client& client : clients_) client.ping();
    }
    const bool stalled = nowMicros - lastReadMicros_ > STALL_MICROS;
    if (stalled && questions_) closeQuestions();
    if (finishAt_ && (stalled || context.tally.isComplete(*finishAt_))) close();
  }

  void close() {
    context.tally.close(*finishAt_);
    finishAt_.reset();
    report("{\"kind\":\"tally\",%s,\"deliveries\":%lld,\"lastDeliveryMicros\":%lld}", figures(0, 0).c_str(),
           (long long)context.tally.measured(), (long long)lastReadMicros_);
  }

  void closeQuestions() {
    const std::unique_ptr<Questions> closed = std::move(questions_);
    report("{\"kind\":\"answers\",%s,\"answers\":%lld,\"seconds\":%f}", figures(closed->open, closed->wrong).c_str(),
           (long long)closed->answers, (closed->lastMicros - closed->startMicros) / 1e6);
  }

  /** Faults, latency and load, as members of a JSON object. */
  std::string figures(int64_t lost, int64_t malformed) const {
    const Faults& faults = context.tally.faults;
    const Histogram& latency = context.times.histogram;
    const std::pair<const char*, double> members[] = {
        {"lost", faults.lost + lost},
        {"doubled", faults.doubled},
        {"reordered", faults.reordered},
        {"malformed", faults.malformed + malformed},
        {"latencySamples", latency.total()},
        {"latencyP50Micros", latency.quantile(0.5)},
        {"latencyP99Micros", latency.quantile(0.99)},
        {"latencyP999Micros", latency.quantile(0.999)},
        {"generatorCpuShare", cpuShare()},
        {"generatorBusyShare", busyShare()},
    };
    std::ostringstream json;
    json.precision(15);
    for (const auto& [name, value] : members) json << (json.tellp() > 0 ? "," : "") << '"' << name << "\":" << value;
    return json.str();
  }

  void beginLoad() {
    beganMicros_ = monotonicMicros();
    cpuAtBegin_ = cpuMicros();
    idleMicros_ = 0;
  }

  double passedMicros() const { return monotonicMicros() - beganMicros_; }
  double cpuShare() const { return (cpuMicros() - cpuAtBegin_) / passedMicros(); }
  double busyShare() const { return 1 - idleMicros_ / passedMicros(); }

  const int wanted_;
  /** A deque leaves them where they are: the kernel knows their addresses. */
  std::deque<Client> clients_;
  int joined_ = 0;
  int64_t lastReadMicros_ = monotonicMicros();
  int64_t lookedAtMicros_ = 0;
  int64_t pingedMicros_ = monotonicMicros();
  int64_t reported_ = 0;
  std::unique_ptr<std::vector<int>> finishAt_;
  std::unique_ptr<Questions> questions_;
  int64_t beganMicros_ = 0;
  int64_t cpuAtBegin_ = 0;
  int64_t idleMicros_ = 0;
};

static Dialect dialectNamed(const std::string& name) {
  if (name == "socketio") return Dialect::socketio;
  if (name == "socketio-2") return Dialect::socketio2;
  if (name == "plain") return Dialect::plain;
  throw std::invalid_argument("no dialect is called " + name);
}

/** Drives the clients of one workload after the other. */
class Loop {
 public:
  Loop() {
    epoll_event interest{};
    interest.events = EPOLLIN;
    if (epoll_ < 0 || epoll_ctl(epoll_, EPOLL_CTL_ADD, STDIN_FILENO, &interest) != 0) throw std::runtime_error("epoll");
  }

  /** Returns when the orchestrator is gone, or has said stop. */
  void run() {
    report("{\"kind\":\"ready\"}");
    epoll_event events[MAX_EVENTS];
    while (!over_) {
      const int64_t before = monotonicMicros();
      const int count = epoll_wait(epoll_, events, MAX_EVENTS, generator_ ? LOOK_EVERY_MICROS / 1'000 : -1);
      const int64_t idle = monotonicMicros() - before;
      bool told = false;
      bool anyRead = false;
      for (int i = 0; i < count; i++) {
        if (events[i].data.ptr == nullptr) {
          told = true;
          continue;
        }
        anyRead = true;
        static_cast<Client*>(events[i].data.ptr)->onReady();
      }
      if (generator_) generator_->onTurn(monotonicMicros(), idle, anyRead);
      if (told) readCommands(); // last: `leave` takes the clients away that the events name
    }
  }

 private:
  void readCommands() {
    char bytes[65'536];
    const ssize_t count = ::read(STDIN_FILENO, bytes, sizeof bytes);
    over_ = count <= 0;
    if (count > 0) lines_.add(bytes, count);
    for (std::string line; !over_ && lines_.next(line);) obey(line);
  }

  void obey(const std::string& line) {
    Command command(line);
    const std::string kind = command.word();
    if (kind == "connect") return connect(command);
    if (kind == "stop") {
      over_ = true;
      return;
    }
    if (!generator_) throw std::invalid_argument(kind + " before connect");
    if (kind == "begin") {
      generator_->begin();
    } else if (kind == "ask") {
      const int64_t millis = command.number();
      generator_->ask(millis, command.word());
    } else if (kind == "finish") {
      generator_->finish(command.numbers());
    } else if (kind == "leave") {
      generator_.reset();
      report("{\"kind\":\"left\"}");
    } else {
      throw std::invalid_argument("no command is called " + kind);
    }
  }

  void connect(Command& command) {
    const int port = command.number();
    const Dialect dialect = dialectNamed(command.word());
    generator_.reset(new Generator(port, dialect, epoll_, readContext(command)));
  }

  const int epoll_ = epoll_create1(EPOLL_CLOEXEC);
  std::unique_ptr<Generator> generator_;
  Lines lines_;
  bool over_ = false;
};

int main() {
  try {
    Loop().run();
    return 0;
  } catch (const std::exception& error) {
    fprintf(stderr, "Error: %s\n", error.what());
    return 1;
  }
}
