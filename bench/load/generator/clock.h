/** The clock that servers stamp with (../clock.ts), so that a stamp can be subtracted from what it says. */
#pragma once
#include <cstdint>
#include <ctime>

/** Whole microseconds since boot. */
inline int64_t monotonicMicros() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * int64_t{1'000'000} + now.tv_nsec / 1'000;
}
