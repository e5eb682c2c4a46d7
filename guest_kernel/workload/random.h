// The workload's own stream of random numbers.
#pragma once

#include <stdint.h>

namespace workload {

// SplitMix64 (Steele, Lea, Flood 2014): one for each client, seeded from the workload's seed and the client's number, so
// that what a client does depends on nothing that the schedule decides.
class Random {
public:
    constexpr explicit Random(uint64_t seed) : m_state(seed) {}

    uint64_t next()
    {
        m_state += 0x9E37'79B9'7F4A'7C15;
        uint64_t z = m_state;
        z = (z ^ (z >> 30)) * 0xBF58'476D'1CE4'E5B9;
        z = (z ^ (z >> 27)) * 0x94D0'49BB'1331'11EB;
        return z ^ (z >> 31);
    }
    // 0..bound-1; bound > 0. By the high half of a product, which is as even as the bound is small against 2^64.
    uint64_t below(uint64_t bound) { return static_cast<uint64_t>((static_cast<unsigned __int128>(next()) * bound) >> 64); }

private:
    uint64_t m_state;
};

}
