/** Counts microseconds into buckets no wider than 1.6 % of their value; what ../histogram.ts is to the servers. */
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

class Histogram {
 public:
  int64_t total() const { return total_; }

  /** Values below 0 count as 0, those past 2^32 - 1 as that. */
  void record(int64_t value) {
    counts_[bucketOf(static_cast<uint32_t>(std::clamp<int64_t>(value, 0, UINT32_MAX)))]++;
    total_++;
  }

  void reset() {
    std::fill(counts_.begin(), counts_.end(), 0);
    total_ = 0;
  }

  /** The value at or below which `share` (0 to 1) of the samples lie, rounded down to its bucket; 0 without samples. */
  int64_t quantile(double share) const {
    const int64_t wanted = std::max<int64_t>(1, std::ceil(share * total_));
    int64_t seen = 0;
    for (size_t bucket = 0; bucket < counts_.size(); bucket++) {
      seen += counts_[bucket];
      if (seen >= wanted) return lowestOf(bucket);
    }
    return 0;
  }

 private:
  /** 64 buckets per power of two. */
  static constexpr int SUB_BITS = 6;
  static constexpr int64_t SUB_BUCKETS = 1 << SUB_BITS;

  static size_t bucketOf(uint32_t value) {
    // Values below two ranges of buckets are exact; above, the top SUB_BITS + 1 bits choose the bucket.
    const int bits = value == 0 ? 0 : 32 - __builtin_clz(value);
    const int shift = std::max(0, bits - SUB_BITS - 1);
    return shift * SUB_BUCKETS + (value >> shift);
  }

  static int64_t lowestOf(int64_t bucket) {
    const int64_t shift = std::max<int64_t>(0, bucket / SUB_BUCKETS - 1);
    return (bucket - shift * SUB_BUCKETS) << shift;
  }

  std::vector<int64_t> counts_ = std::vector<int64_t>((33 - SUB_BITS) * SUB_BUCKETS);
  int64_t total_ = 0;
};
