/**
 * From emit to arrival, in microseconds, for all clients. Either samples some numbers at every client, or times each emit
 * when the last of its receivers has it.
 */
#pragma once
#include "histogram.h"

class ArrivalTimes {
 public:
  Histogram histogram;

  /** @param receivers of each emit, to time its last arrival; 0 to sample */
  explicit ArrivalTimes(int receivers) : receivers_(receivers), counts_(receivers == 0 ? 0 : COUNTED_EMITS) {}

  /** Whether this arrival is one to time. To be asked once per arrival. */
  bool isDue(int32_t sequence) {
    if (receivers_ == 0) return sequence % TIMED_EVERY == 0;
    uint16_t& count = counts_[sequence & (COUNTED_EMITS - 1)];
    if (++count < receivers_) return false;
    count = 0;
    return true;
  }

 private:
  /** Prime, to be out of step with any batch size. */
  static constexpr int TIMED_EVERY = 7;
  /** Emits whose receivers may be counted at once; more in flight would mix two of them up. */
  static constexpr int COUNTED_EMITS = 1 << 16;

  const int receivers_;
  std::vector<uint16_t> counts_;
};
