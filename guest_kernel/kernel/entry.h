// The kernel's entry points: what arch/ppc64 calls.
#pragma once

#include <stdint.h>

namespace arch {
struct TrapFrame;
}

namespace kernel {

// Each CPU, translation on, interrupts off, on its boot stack. Does not return.
[[noreturn]] void main(unsigned cpu);

// The following with interrupts off, on the stack of the interrupted thread.
void on_decrementer();
void on_external(const arch::TrapFrame& frame);
// On the way out of every exception that interrupted code with interrupts on: makes a switch that has become due. May
// return much later, on the same thread.
void on_exception_exit();
// A fault that kernel code must not have. Returns only if a recovery frame took it (the frame then leads there).
void on_fatal(arch::TrapFrame& frame, const char* what);

}
