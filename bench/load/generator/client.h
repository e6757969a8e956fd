/**
 * One WebSocket client on a TCP socket that is never waited for: HTTP upgrade, Engine.IO open, Socket.IO connect,
 * heartbeats, and questions one at a time. It checks what it is told and gives up loudly; it never reconnects.
 */
#pragma once
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "frame-stream.h"

/**
 * `socketio`: Engine.IO 4 and Socket.IO 5. `socketio-2`: Engine.IO 3, as clients of Socket.IO 2 speak. `plain`: a bare
 * WebSocket that is sent the same texts.
 */
enum class Dialect { socketio, socketio2, plain };

/** Key and answer of the example in RFC 6455, 1.3. */
constexpr const char* KEY = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr const char* ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

constexpr int OPCODE_TEXT = 0x1;
constexpr int OPCODE_CLOSE = 0x8;
constexpr int OPCODE_PING = 0x9;
constexpr int OPCODE_PONG = 0xa;
constexpr int FINAL = 0x80;
constexpr int MASKED = 0x80;

class Client;

/** What all clients share. */
class Fleet {
 public:
  const int port;
  const Dialect dialect;
  const int epoll;
  StreamContext context;

  virtual void onJoined() = 0;
  virtual void onFailed(const std::string& reason) = 0;
  /** `right`: it answers the question that was asked. */
  virtual void onAnswer(Client& client, bool right) = 0;

 protected:
  Fleet(int port, Dialect dialect, int epoll, StreamContext context)
      : port(port), dialect(dialect), epoll(epoll), context(std::move(context)) {}
  ~Fleet() = default;
};

class Client : private FrameHandler {
 public:
  /** When the last question was asked, in microseconds since boot. */
  int64_t askedMicros = 0;

  /** `number` is its number in the tally; the server is told it too. */
  Client(int number, Fleet& fleet) : number_(number), fleet_(fleet), stream_(number, fleet.context, *this) { open(); }
  Client(const Client&) = delete;
  ~Client() { destroy(); }

  /** Its socket has something to read. */
  void onReady() {
    if (state_ == State::closed) return;
    char* target = readArea + HEADROOM_BYTES;
    const ssize_t count = recv(socket_, target, READ_BYTES, MSG_DONTWAIT);
    if (count < 0 && errno == EAGAIN) return;
    if (count < 0) return onBroken(strerror(errno));
    if (count == 0) return onBroken("connection closed by the server");
    const char* start = stream_.uncarry();
    const char* end = target + count;
    if (state_ == State::upgrading) start = readResponse(start, end);
    if (state_ != State::closed) stream_.consume(start, end);
  }

  /** Sends an event that wants an answer: its number. */
  void ask(const std::string& event) {
    const std::string number = std::to_string(++asked_);
    send(OPCODE_TEXT, "42" + number + "[\"" + event + "\"," + number + "]");
  }

  /** The heartbeat of Engine.IO 3 is the client's. */
  void ping() {
    if (state_ == State::joined) send(OPCODE_TEXT, "2");
  }

 private:
  enum class State { upgrading, opening, joining, joined, closed };

  void open() {
    const int on = 1;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(fleet_.port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    epoll_event interest{};
    interest.events = EPOLLIN;
    interest.data.ptr = this;
    // The loopback device answers within the call, as long as the listen backlog is not full.
    if (connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
        epoll_ctl(fleet_.epoll, EPOLL_CTL_ADD, socket_, &interest) != 0) {
      return onBroken(strerror(errno));
    }
    const char* revision = fleet_.dialect == Dialect::socketio2 ? "3" : "4";
    write(std::string("GET /socket.io/?EIO=") + revision + "&transport=websocket&client=" + std::to_string(number_) +
          " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(fleet_.port) +
          "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: " + KEY +
          "\r\nSec-WebSocket-Version: 13\r\n\r\n");
  }

  /** Returns where the frames begin, or `end` when the response is not whole yet. */
  const char* readResponse(const char* start, const char* end) {
    const std::string head(start, std::min<size_t>(end - start, HEADROOM_BYTES));
    const size_t blank = head.find("\r\n\r\n");
    if (blank == std::string::npos) {
      if (head.size() == HEADROOM_BYTES) onBroken("endless response head");
      else stream_.carryOver(start, end);
      return end;
    }
    if (head.rfind("HTTP/1.1 101", 0) != 0 || head.find(ACCEPT) > blank) onBroken("answered " + head.substr(0, 120));
    else if (fleet_.dialect == Dialect::plain) join();
    else state_ = State::opening;
    return start + blank + 4;
  }

  void onOther(int firstByte, const char* payload, int bytes) override {
    if (state_ == State::closed) return;
    const std::string text(payload, bytes);
    if (firstByte == (FINAL | OPCODE_TEXT)) return onPacket(text);
    if (firstByte == (FINAL | OPCODE_PING)) return send(OPCODE_PONG, text);
    if (firstByte == (FINAL | OPCODE_PONG)) return;
    if (firstByte != (FINAL | OPCODE_CLOSE)) return onBroken("frame that starts with " + std::to_string(firstByte));
    onBroken("close frame " + (bytes < 2 ? "without code" : std::to_string((text[0] & 255) << 8 | (text[1] & 255))));
  }

  void onPacket(const std::string& text) {
    const bool legacy = fleet_.dialect == Dialect::socketio2;
    if (state_ == State::joined && text.compare(0, 2, "43") == 0) {
      const std::string number = std::to_string(asked_);
      fleet_.onAnswer(*this, text == "43" + number + "[" + number + "]");
    } else if (text == "2" && fleet_.dialect == Dialect::socketio) {
      send(OPCODE_TEXT, "3");
    } else if (text == "3" && legacy) {
      return;
    } else if (state_ == State::opening && text.compare(0, 2, "0{") == 0) {
      state_ = State::joining;
      // Clients of Socket.IO 2 are in the main namespace without asking.
      if (!legacy) send(OPCODE_TEXT, "40");
    } else if (state_ == State::joining && text.compare(0, 2, "40") == 0) {
      join();
    } else {
      onBroken("unexpected packet " + text.substr(0, 60));
    }
  }

  void join() {
    state_ = State::joined;
    fleet_.onJoined();
  }

  /** A whole frame of at most 125 bytes. The mask is zero: it leaves the payload as it is. */
  void send(int opcode, const std::string& payload) {
    const char head[] = {static_cast<char>(FINAL | opcode), static_cast<char>(MASKED | payload.size()), 0, 0, 0, 0};
    write(std::string(head, sizeof head) + payload);
  }

  /** What a client sends is short and the server reads it: a write that does not fit is a fault. */
  void write(const std::string& bytes) {
    const ssize_t written = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (written < 0) onBroken(strerror(errno));
    else if (static_cast<size_t>(written) < bytes.size()) onBroken("a write was cut short");
  }

  void onBroken(const std::string& reason) override {
    if (state_ == State::closed) return;
    const std::string during = NAMES[static_cast<int>(state_)];
    destroy();
    fleet_.onFailed("client while " + during + ": " + reason);
  }

  /** Ends the connection without counting it as a failure. */
  void destroy() {
    if (state_ == State::closed) return;
    state_ = State::closed;
    if (socket_ >= 0) close(socket_);
  }

  static constexpr const char* NAMES[] = {"upgrading", "opening", "joining", "joined", "closed"};

  const int number_;
  Fleet& fleet_;
  FrameStream stream_;
  const int socket_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  State state_ = State::upgrading;
  /** Number of the last question, which is also its argument. */
  int64_t asked_ = 0;
};
