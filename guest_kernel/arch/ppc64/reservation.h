// A word that is read, looked at and changed in one step.
#pragma once

#include <stdint.h>

namespace arch {

// Between the two the caller stores nothing near the word. Neither orders other accesses.
inline uint64_t load_reserved(const uint64_t& word)
{
    uint64_t value;
    asm volatile("ldarx %0, 0, %1" : "=r"(value) : "r"(&word), "m"(word));
    return value;
}

// False when the word may have changed since this CPU's load_reserved. One that was changed and has its value back
// passes for unchanged: this machine compares values.
[[nodiscard]] inline bool store_conditional(uint64_t& word, uint64_t value)
{
    asm goto("stdcx. %1, 0, %0\n\tbne- %l[changed]" : : "r"(&word), "r"(value) : "cr0", "memory" : changed);
    return true;
changed:
    return false;
}

// Puts `value` where 0 is. False when something else is there. Acquire: no access after it starts before the word is seen
// changed. Written out because the compiler makes a value of the outcome and tests that again; clobbers r0 and cr0.
[[nodiscard]] inline bool replace_zero(uint32_t& word, uint32_t value)
{
    asm goto("1: lwarx 0, 0, %0\n\tcmpwi 0, 0\n\tbne- %l[taken]\n\tstwcx. %1, 0, %0\n\tbne- 1b\n\tlwsync"
             : : "r"(&word), "r"(value) : "r0", "cr0", "memory" : taken);
    return true;
taken:
    return false;
}

}
