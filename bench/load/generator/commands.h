/**
 * What the orchestrator says, a line each: words and whole numbers, separated by single spaces. The other side is
 * ../generator-process.ts; what it means stands in ../messages.ts.
 */
#pragma once
#include <cstdlib>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "frame-stream.h"

class Command {
 public:
  explicit Command(const std::string& line) : line_(line), words_(line) {}

  std::string word() {
    std::string word;
    if (!(words_ >> word)) throw std::invalid_argument("the command ends too early: " + line_.substr(0, 60));
    return word;
  }

  int64_t number() {
    const std::string text = word();
    char* end = nullptr;
    const int64_t value = strtoll(text.c_str(), &end, 10);
    if (*end != '\0') throw std::invalid_argument("not a whole number: " + text.substr(0, 60));
    return value;
  }

  /** A count, and so many numbers. */
  std::vector<int> numbers() {
    std::vector<int> found(number());
    for (int& value : found) value = number();
    return found;
  }

 private:
  const std::string line_;
  std::istringstream words_;
};

/** What `streamWords` of ../generator-process.ts tells of a workload. */
inline StreamContext readContext(Command& command) {
  const int receivers = command.number();
  const int firstByte = command.number();
  const int64_t eventBytes = command.number();
  const int fieldsOffset = command.number();
  const int64_t announcementBytes = command.number();
  const int groups = command.number();
  Memberships memberships(command.number());
  for (auto& ofClient : memberships) ofClient = command.numbers();
  return {SequenceTally(std::move(memberships), groups), ArrivalTimes(receivers),
          WireForm{firstByte, eventBytes, fieldsOffset, announcementBytes}};
}

/** Collects what arrives in pieces and gives whole lines. */
class Lines {
 public:
  void add(const char* bytes, size_t count) { text_.append(bytes, count); }

  /** False when there is no whole line. */
  bool next(std::string& line) {
    const size_t end = text_.find('\n');
    if (end == std::string::npos) return false;
    line = text_.substr(0, end);
    text_.erase(0, end + 1);
    return true;
  }

 private:
  std::string text_;
};
