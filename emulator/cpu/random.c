/* xoshiro256** 1.0 by D. Blackman and S. Vigna, seeded by SplitMix64 as they advise. */
#include "machine.h"

static uint64_t rotate(uint64_t value, unsigned bits)
{
    return value << bits | value >> (64 - bits);
}

uint64_t random_next(uint64_t state[4])
{
    uint64_t result = rotate(state[1] * 5, 7) * 9;
    uint64_t shifted = state[1] << 17;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = rotate(state[3], 45);
    return result;
}

void random_seed(uint64_t state[4], uint64_t seed)
{
    for (unsigned i = 0; i < 4; i++) {
        uint64_t value = seed += 0x9E3779B97F4A7C15ull;
        value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9ull;
        value = (value ^ value >> 27) * 0x94D049BB133111EBull;
        state[i] = value ^ value >> 31;
    }
}
