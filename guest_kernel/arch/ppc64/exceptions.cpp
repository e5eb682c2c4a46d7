#include "arch/ppc64/exceptions.h"

#include "arch/ppc64/cpu.h"
#include "arch/ppc64/image.h"
#include "arch/ppc64/percpu.h"
#include "kernel/entry.h"

namespace arch {

namespace {

struct Fixup {
    uint64_t access;
    uint64_t continuation;
};

}

}

extern "C" {
extern const arch::Fixup __fixup_table_start[];
extern const arch::Fixup __fixup_table_end[];

// exception_entry.S
void call_on_stack(arch::TrapFrame* frame, const char* what, uint64_t top);
// problem_state.S
[[noreturn]] void leave_problem_state(arch::TrapFrame* frame);

// On the emergency stack.
void report_fatal(arch::TrapFrame* frame, const char* what)
{
    arch::reset_enable();
    kernel::on_fatal(*frame, what);
    arch::reset_disable();
}
}

namespace arch {

namespace {

// DSISR and, for instruction storage, SRR1 bits.
constexpr uint64_t FAULT_NOT_MAPPED = 0x4000'0000;
constexpr uint64_t FAULT_NO_EXECUTE = 0x1000'0000;
constexpr uint64_t FAULT_STORE = 0x0200'0000;
// Program interrupt reasons in SRR1.
constexpr uint64_t PROGRAM_ILLEGAL = 0x8'0000;
constexpr uint64_t PROGRAM_PRIVILEGED = 0x4'0000;
constexpr uint64_t PROGRAM_TRAP = 0x2'0000;
// Addresses this low come from a null pointer, perhaps with a member's offset.
constexpr uint64_t NULL_END = 0x1'0000;
// An unmapped address less than this below r1 is where a new stack frame was to begin.
constexpr uint64_t OVERFLOW_SPAN = 0x4000;

constexpr char stack_overflow[] = "kernel stack overflow";

const char* describe_data_fault(const TrapFrame& frame)
{
    if (frame.stack_pointer() - frame.dar < OVERFLOW_SPAN && (frame.dsisr & FAULT_NOT_MAPPED) != 0)
        return stack_overflow;
    const bool store = (frame.dsisr & FAULT_STORE) != 0;
    if (frame.dar < NULL_END)
        return store ? "store through a null pointer" : "load through a null pointer";
    if ((frame.dsisr & FAULT_NOT_MAPPED) != 0)
        return store ? "store to an unmapped address" : "load from an unmapped address";
    return store ? "store to a read-only page" : "load from a protected page";
}

const char* describe_fetch_fault(const TrapFrame& frame)
{
    if (frame.srr0 < NULL_END)
        return "call through a null pointer";
    if ((frame.srr1 & FAULT_NO_EXECUTE) != 0)
        return "execution of a no-execute page";
    return "execution at an unmapped address";
}

const char* describe_program(const TrapFrame& frame)
{
    if ((frame.srr1 & PROGRAM_TRAP) != 0)
        return "trap instruction";
    if ((frame.srr1 & PROGRAM_PRIVILEGED) != 0)
        return "privileged instruction";
    return (frame.srr1 & PROGRAM_ILLEGAL) != 0 ? "illegal instruction" : "program exception";
}

bool is_interrupt(Vector vector) { return vector == Vector::EXTERNAL || vector == Vector::DECREMENTER; }

// Exception level: interrupts stay off, nothing blocks, no object is called.
void handle_interrupt(const TrapFrame& frame)
{
    PerCpu& percpu = this_cpu();
    ++percpu.exception_depth;
    if (frame.vector == Vector::DECREMENTER)
        kernel::on_decrementer();
    else
        kernel::on_external(frame);
    --percpu.exception_depth;
}

bool on_emergency_stack(const TrapFrame& frame)
{
    const auto address = reinterpret_cast<uint64_t>(&frame);
    const PerCpu& percpu = this_cpu();
    return address >= percpu.emergency.low && address < percpu.emergency.high;
}

const char* describe_bad_stack(const TrapFrame& frame)
{
    const uint64_t limit = this_cpu().stack.low + STACK_RESERVE;
    return limit - frame.stack_pointer() < OVERFLOW_SPAN ? stack_overflow : "bad kernel stack pointer";
}

// The exception entry found r1 outside the stack, or too near its end for a handler.
bool stack_was_bad(const TrapFrame& frame)
{
    const PerCpu& percpu = this_cpu();
    return on_emergency_stack(frame) && percpu.stack.low != percpu.emergency.low;
}

// The report needs more stack than the interrupted one may have left, so it always has the emergency stack; a fault in
// the report is reported below it. Returns when the fault was in guarded code, and the frame now leads to its recovery,
// or when a watchdog lets the kernel run on.
void handle_fatal(TrapFrame& frame, const char* what)
{
    PerCpu& percpu = this_cpu();
    ++percpu.exception_depth;
    // While r1 is in one stack and PerCpu names the other; report_fatal turns it on again.
    reset_disable();
    const StackBounds interrupted = percpu.stack;
    set_stack(percpu, percpu.emergency);
    if (on_emergency_stack(frame))
        report_fatal(&frame, what);
    else
        call_on_stack(&frame, what, percpu.emergency.high);
    set_stack(percpu, interrupted);
    --percpu.exception_depth;
}

void handle_kernel_fault(TrapFrame& frame)
{
    const bool data = frame.vector == Vector::DATA_STORAGE || frame.vector == Vector::DATA_SEGMENT;
    const uint64_t fixup = data ? find_fixup(frame.srr0) : 0;
    if (fixup != 0)
        frame.srr0 = fixup;
    else
        handle_fatal(frame, describe_fault(frame));
}

// Whether the program that runs in problem state has caused this itself.
bool is_programs_own(const TrapFrame& frame)
{
    return frame.from_problem_state() && frame.vector != Vector::SYSTEM_RESET && frame.vector != Vector::MACHINE_CHECK;
}

}

uint64_t find_fixup(uint64_t address)
{
    for (const Fixup* each = __fixup_table_start; each != __fixup_table_end; ++each) {
        if (each->access == address)
            return each->continuation;
    }
    return 0;
}

const char* describe_fault(const TrapFrame& frame)
{
    switch (frame.vector) {
    case Vector::DATA_STORAGE: return describe_data_fault(frame);
    case Vector::INSTRUCTION_STORAGE: return describe_fetch_fault(frame);
    case Vector::DATA_SEGMENT: return "access to an address outside every region";
    case Vector::INSTRUCTION_SEGMENT: return "execution at an address outside every region";
    case Vector::PROGRAM: return describe_program(frame);
    default: return name_of(frame.vector);
    }
}

const char* name_of(Vector vector)
{
    switch (vector) {
    case Vector::SYSTEM_RESET: return "system reset";
    case Vector::MACHINE_CHECK: return "machine check";
    case Vector::DATA_STORAGE: return "data storage";
    case Vector::DATA_SEGMENT: return "data segment";
    case Vector::INSTRUCTION_STORAGE: return "instruction storage";
    case Vector::INSTRUCTION_SEGMENT: return "instruction segment";
    case Vector::EXTERNAL: return "external interrupt";
    case Vector::ALIGNMENT: return "alignment";
    case Vector::PROGRAM: return "program";
    case Vector::FLOATING_POINT_UNAVAILABLE: return "floating point unavailable";
    case Vector::DECREMENTER: return "decrementer";
    case Vector::SYSTEM_CALL: return "system call";
    case Vector::TRACE: return "trace";
    case Vector::EMULATION_ASSISTANCE: return "illegal instruction";
    case Vector::VECTOR_UNAVAILABLE: return "vector unavailable";
    case Vector::VSX_UNAVAILABLE: return "VSX unavailable";
    }
    return "unknown exception";
}

}

void handle_exception(arch::TrapFrame* frame)
{
    using namespace arch;
    if (stack_was_bad(*frame))
        handle_fatal(*frame, describe_bad_stack(*frame));
    else if (is_interrupt(frame->vector))
        handle_interrupt(*frame);
    else if (is_programs_own(*frame))
        leave_problem_state(frame);
    else
        handle_kernel_fault(*frame);
    // A switch of threads would leave the emergency stack to the next exception.
    if (frame->interrupts_were_on() && !on_emergency_stack(*frame))
        kernel::on_exception_exit();
}
