/**
 * Reads one client's WebSocket frames as they come off its socket. It touches only headers and digits.
 *
 * All sockets read into one area. Bytes of a frame head that a read has cut off are carried to just before the next one, so
 * that parsing always runs over contiguous bytes:
 *
 *   |      … carried | read …                      |
 *   0             HEADROOM_BYTES       HEADROOM_BYTES + READ_BYTES
 */
#pragma once
#include <cstring>
#include <string>

#include "arrival-times.h"
#include "clock.h"
#include "sequence-tally.h"

/** Longest thing carried: an HTTP response head. A frame head, control payload included, is at most 135 bytes. */
constexpr int HEADROOM_BYTES = 4096;
constexpr int READ_BYTES = 256 * 1024;

/** Where all sockets read to, one after the other. */
inline char readArea[HEADROOM_BYTES + READ_BYTES];

constexpr int FINAL_TEXT = 0x81;

/** Where the fields stand in an event's frame, and how long they are: ../payload.ts. */
struct WireForm {
  int firstByte;
  int64_t eventBytes;
  int fieldsOffset;
  /** Length of the text frame before it; 0 when there is none. */
  int64_t announcementBytes;
};
constexpr int SEQUENCE_DIGITS = 9;
constexpr int STAMP_DIGITS = 16;
constexpr int GROUP_DIGITS = 5;
constexpr int STAMP_AT = SEQUENCE_DIGITS;
constexpr int GROUP_AT = STAMP_AT + STAMP_DIGITS;
constexpr int EMIT_AT = GROUP_AT + GROUP_DIGITS;
constexpr int FIELDS_BYTES = EMIT_AT + SEQUENCE_DIGITS;

/** What all streams share. */
struct StreamContext {
  SequenceTally tally;
  ArrivalTimes times;
  const WireForm wire;
};

/** Gets everything that is not an event: Engine.IO and Socket.IO control packets, WebSocket control frames. */
class FrameHandler {
 public:
  /** The payload, or its first 125 bytes; valid until it returns. */
  virtual void onOther(int firstByte, const char* payload, int bytes) = 0;
  /** The stream cannot be read on. */
  virtual void onBroken(const std::string& reason) = 0;

 protected:
  ~FrameHandler() = default;
};

class FrameStream {
 public:
  FrameStream(int client, StreamContext& context, FrameHandler& handler)
      : client_(client), context_(context), handler_(handler) {}

  /** Puts carried bytes in front of those just read; returns where the unread bytes begin. */
  const char* uncarry() {
    char* start = readArea + HEADROOM_BYTES - carried_.size();
    memcpy(start, carried_.data(), carried_.size());
    carried_.clear();
    return start;
  }

  /** Keeps the bytes from `start` to `end`, at most HEADROOM_BYTES, for the next read. */
  void carryOver(const char* start, const char* end) { carried_.assign(start, end); }

  /** Deals with the frames from `at`, somewhere in the area, to `end`. */
  void consume(const char* at, const char* end) {
    const WireForm& wire = context_.wire;
    const int headBytes = wire.fieldsOffset + FIELDS_BYTES;
    const int64_t skipped = std::min<int64_t>(skip_, end - at);
    skip_ -= skipped;
    at += skipped;

    while (end - at >= 2) {
      const int64_t length = payloadLength(at, end);
      if (length == CUT) break;
      if (length == REFUSED) {
        handler_.onBroken("masked frame or frame past 4 GB from the server");
        return;
      }
      const int firstByte = static_cast<unsigned char>(at[0]);
      const char* body = at + headerBytes(at[1]);
      bool isEvent = false;
      bool isAnnouncement = false;
      if (firstByte == wire.firstByte && length >= headBytes) {
        if (end - body < headBytes) break;
        isEvent = firstByte != FINAL_TEXT || (body[0] == '4' && body[1] == '2');
      }
      if (firstByte == FINAL_TEXT && length > 0 && length == wire.announcementBytes) {
        if (end - body < 2) break;
        isAnnouncement = body[0] == '4' && body[1] == '5';
      }
      if (isEvent) {
        if (length == wire.eventBytes) count(body + wire.fieldsOffset);
        else context_.tally.faults.malformed++;
      } else if (isAnnouncement) {
        if (announced_) context_.tally.faults.malformed++;
        announced_ = true;
      } else {
        const int shown = std::min<int64_t>(length, OTHER_BYTES);
        if (end - body < shown) break;
        handler_.onOther(firstByte, body, shown);
      }
      if (end - body < length) {
        skip_ = length - (end - body);
        return;
      }
      at = body + length;
    }
    if (at < end) carryOver(at, end);
  }

 private:
  /** Longest payload of a control frame (RFC 6455, 5.5); of other frames no more is shown. */
  static constexpr int OTHER_BYTES = 125;
  /** The header itself is cut off by the end of the read. */
  static constexpr int64_t CUT = -1;
  static constexpr int64_t REFUSED = -2;

  static int headerBytes(unsigned char second) { return second < 126 ? 2 : second == 126 ? 4 : 10; }

  /** Payload length of the frame at `at` (RFC 6455, 5.2), or CUT, or REFUSED. At least two bytes must be there. */
  static int64_t payloadLength(const char* at, const char* end) {
    const auto bytes = reinterpret_cast<const unsigned char*>(at);
    if (bytes[1] < 126) return bytes[1];
    if (bytes[1] > 127) return REFUSED;
    if (end - at < headerBytes(bytes[1])) return CUT;
    if (bytes[1] == 126) return bytes[2] << 8 | bytes[3];
    if ((bytes[2] | bytes[3] | bytes[4] | bytes[5]) != 0) return REFUSED;
    return int64_t{bytes[6]} << 24 | bytes[7] << 16 | bytes[8] << 8 | bytes[9];
  }

  static int64_t readDigits(const char* at, int count) {
    int64_t value = 0;
    for (const char* end = at + count; at < end; at++) value = value * 10 + (*at - '0');
    return value;
  }

  /** One event. */
  void count(const char* fields) {
    SequenceTally& tally = context_.tally;
    tally.deliveries++;
    if (context_.wire.announcementBytes > 0) {
      if (!announced_) tally.faults.malformed++;
      announced_ = false;
    }
    size_t stream = client_;
    if (tally.groups > 1) {
      const int64_t group = readDigits(fields + GROUP_AT, GROUP_DIGITS);
      if (group < 0 || group >= tally.groups) {
        tally.faults.malformed++;
        return;
      }
      stream = stream * tally.groups + group;
      const auto emit = static_cast<int32_t>(readDigits(fields + EMIT_AT, SEQUENCE_DIGITS));
      if (emit < tally.lastEmit[client_]) tally.faults.reordered++;
      else tally.lastEmit[client_] = emit;
    }
    const auto sequence = static_cast<int32_t>(readDigits(fields, SEQUENCE_DIGITS));
    int32_t& due = tally.next[stream];
    due = sequence == due && due > 0 ? due + 1 : tally.irregular(stream, sequence, due);
    ArrivalTimes& times = context_.times;
    if (times.isDue(sequence)) times.histogram.record(monotonicMicros() - readDigits(fields + STAMP_AT, STAMP_DIGITS));
  }

  const int client_;
  StreamContext& context_;
  FrameHandler& handler_;
  std::string carried_;
  /** Payload bytes still to come of a frame that has been dealt with. */
  int64_t skip_ = 0;
  /** A text frame has announced the binary one that must come next. */
  bool announced_ = false;
};
