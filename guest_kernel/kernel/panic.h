// The end of a kernel that can no longer be trusted, and the checks that lead there.
#pragma once

#include <stdint.h>

namespace arch {
class ReplacedReturns;
struct TrapFrame;
}

namespace kernel {

// Prints the message, then registers and raw stack frames of every CPU, hands the PanicRecord to the host and stops the
// machine. Callable anywhere: with locks held, at exception level, on the last bytes of a stack. The registers are
// those of a trap instruction that it executes, as a fault's are.
[[noreturn, gnu::format(printf, 1, 2)]] void panic(const char* format, ...);
[[noreturn]] void assertion_failed(const char* what, const char* file, int line);

// Panics with `what` unless `ok`.
inline void check(bool ok, const char* what)
{
    if (!ok) [[unlikely]]
        panic("%s", what);
}

// For those who wait with interrupts off: true once some CPU panics. The waiter then calls stop_for_panic.
bool panicking();
// Publishes this CPU's frames, and its registers if an exception has saved them (null: unknown), for the CPU that
// panics, and stays.
[[noreturn]] void stop_for_panic(const arch::TrapFrame* frame);

// How a panic finds the return addresses that interposers have taken off the stacks.
void set_replaced_returns(const arch::ReplacedReturns& replaced);

}

// What must hold, or the kernel is wrong.
#define ASSERT(condition)                                                   \
    do {                                                                    \
        if (!(condition)) [[unlikely]]                                      \
            ::kernel::assertion_failed(#condition, __FILE_NAME__, __LINE__); \
    } while (false)
