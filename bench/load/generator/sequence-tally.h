/**
 * Checks that each client sees 1, 2, 3, … of each group it belongs to, and counts what it sees instead; one for all
 * clients. Streams add their regular deliveries themselves, only irregular numbers come through a call.
 */
#pragma once
#include <algorithm>
#include <cstdint>
#include <unordered_map>
#include <unordered_set>
#include <vector>

/** Groups of each client, as ../audience.ts makes them. */
using Memberships = std::vector<std::vector<int>>;

struct Faults {
  int64_t lost = 0;
  int64_t doubled = 0;
  int64_t reordered = 0;
  /** Of another length than was sent, or at a client they were not for. */
  int64_t malformed = 0;
};

class SequenceTally {
 public:
  const int groups;
  /** Per client and group, `client * groups + group`: the number it must see next. Streams advance it. */
  std::vector<int32_t> next;
  /** Per client: emits it has seen go up; the highest so far. Kept only with more than one group. */
  std::vector<int32_t> lastEmit;
  /** Events so far, regular or not. */
  int64_t deliveries = 0;
  Faults faults;

  SequenceTally(Memberships memberships, int groups)
      : groups(groups),
        next(memberships.size() * groups, NOTHING),
        lastEmit(memberships.size()),
        memberships_(std::move(memberships)) {
    size_t members = 0;
    for (size_t client = 0; client < memberships_.size(); client++) {
      for (const int group : memberships_[client]) next[client * groups + group] = 1;
      members += memberships_[client].size();
    }
    everyoneGetsAll_ = groups == 1 && members == memberships_.size();
  }

  size_t clients() const { return memberships_.size(); }

  /** Deliveries since the last `beginMeasuring`. */
  int64_t measured() const { return deliveries - deliveriesBefore_; }

  void beginMeasuring() { deliveriesBefore_ = deliveries; }

  /** Deliveries that may be taken as done: where all get everything, what the slowest client has, times the clients. */
  int64_t seen() const {
    if (!everyoneGetsAll_) return deliveries;
    return (*std::min_element(next.begin(), next.end()) - 1) * static_cast<int64_t>(next.size());
  }

  /** Stream `at` saw `sequence` when it was due `due`, another number; returns what it is due now. */
  int32_t irregular(size_t at, int32_t sequence, int32_t due) {
    if (due == NOTHING || sequence - due > MAX_GAP) {
      faults.malformed++;
      return due;
    }
    if (sequence > due) {
      auto& missing = missing_[at];
      for (int32_t skipped = due; skipped < sequence; skipped++) missing.insert(skipped);
      faults.lost += sequence - due;
      return sequence + 1;
    }
    const auto missing = missing_.find(at);
    if (missing != missing_.end() && missing->second.erase(sequence) > 0) {
      faults.lost--;
      faults.reordered++;
    } else {
      faults.doubled++;
    }
    return due;
  }

  /** Whether every client has what was emitted to it: `counts[group]` events of each of its groups. */
  bool isComplete(const std::vector<int>& counts) const {
    for (size_t client = 0; client < memberships_.size(); client++) {
      for (const int group : memberships_[client]) {
        if (next[client * groups + group] <= counts[group]) return false;
      }
    }
    return true;
  }

  /** Counts as lost what clients were still due up to `counts` of each group, and as damage what nobody sent. */
  void close(const std::vector<int>& counts) {
    for (size_t client = 0; client < memberships_.size(); client++) {
      for (const int group : memberships_[client]) {
        int32_t& due = next[client * groups + group];
        const int32_t missing = counts[group] + 1 - due;
        if (missing > 0) faults.lost += missing;
        else faults.malformed -= missing;
        due = counts[group] + 1;
      }
    }
  }

 private:
  /** A jump past this is taken for damage, not for loss. */
  static constexpr int32_t MAX_GAP = 1'000'000;
  /** What a client is due of a group that it does not belong to. */
  static constexpr int32_t NOTHING = 0;

  const Memberships memberships_;
  bool everyoneGetsAll_;
  int64_t deliveriesBefore_ = 0;
  /** Per stream the skipped numbers, to tell a late one from a double. Empty while all is well. */
  std::unordered_map<size_t, std::unordered_set<int32_t>> missing_;
};
