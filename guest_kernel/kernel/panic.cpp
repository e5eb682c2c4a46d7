#include "kernel/panic.h"

#include <stdarg.h>

#include "abi.h"
#include "arch/ppc64/hypercall.h"
#include "arch/ppc64/mmu.h"
#include "arch/ppc64/percpu.h"
#include "arch/ppc64/unwind.h"
#include "kernel/clock.h"
#include "kernel/entry.h"
#include "kernel/format.h"
#include "kernel/guarded.h"
#include "kernel/message.h"
#include "kernel/panic_report.h"
#include "kernel/scheduler.h"
#include "kernel/text.h"

namespace kernel {

namespace {

// How long a CPU may take to stop; one that spins for a lock stops at once, one with interrupts off may never.
constexpr uint64_t stop_time_ns = 200 * microsecond;

// The CPU that panics + 1; 0 while none does. Written once.
constinit uint32_t panicked_cpu = 0;
constinit bool message_given = false;
constinit bool reporting = false;
constinit const arch::ReplacedReturns* replaced_returns = nullptr;
constinit abi::PanicRecord record = {};

[[noreturn]] void hand_over()
{
    arch::host_panic(arch::physical(&record));
}

// Only the first CPU reports; the others stop. A panic inside the report ends it there.
void claim_panic(const arch::TrapFrame* frame)
{
    arch::irq_disable();
    uint32_t expected = 0;
    const uint32_t mark = arch::cpu_id() + 1;
    if (__atomic_compare_exchange_n(&panicked_cpu, &expected, mark, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return;
    if (expected != mark)
        stop_for_panic(frame);
    if (reporting)
        hand_over();
}

void note_thread(abi::PanicCpu& cpu, const Thread* thread)
{
    if (thread == nullptr)
        return;
    cpu.thread_id = thread->id();
    copy_text(cpu.thread_name, sizeof(cpu.thread_name), thread->name());
}

void note_registers(abi::PanicCpu& cpu, const arch::TrapFrame& frame)
{
    cpu.vector = static_cast<uint64_t>(frame.vector);
    for (unsigned i = 0; i < 32; ++i)
        cpu.gpr[i] = frame.gpr[i];
    cpu.nip = frame.srr0;
    cpu.msr = frame.srr1;
    cpu.lr = frame.lr;
    cpu.ctr = frame.ctr;
    cpu.cr = frame.cr;
    cpu.xer = frame.xer;
    cpu.dar = frame.dar;
    cpu.dsisr = frame.dsisr;
}

void note_frames(abi::PanicCpu& cpu, const arch::TrapFrame* frame)
{
    arch::CodeAddress addresses[abi::PANIC_FRAMES];
    cpu.frame_count = frame != nullptr ? arch::unwind_trap(*frame, addresses, abi::PANIC_FRAMES, replaced_returns)
                                       : arch::unwind_here(addresses, abi::PANIC_FRAMES, replaced_returns);
    for (uint64_t i = 0; i < cpu.frame_count; ++i) {
        cpu.frame_address[i] = addresses[i].address;
        cpu.frame_stack[i] = addresses[i].stack_pointer;
        cpu.frame_kind[i] = static_cast<uint8_t>(addresses[i].kind);
    }
}

void note_this_cpu(abi::PanicState state, const arch::TrapFrame* frame)
{
    const unsigned id = arch::cpu_id();
    abi::PanicCpu& cpu = record.cpu[id];
    note_thread(cpu, Scheduler::of(id).running());
    if (frame != nullptr)
        note_registers(cpu, *frame);
    note_frames(cpu, frame);
    // Release: who sees the state sees the rest.
    __atomic_store_n(&cpu.state, static_cast<uint64_t>(state), __ATOMIC_RELEASE);
}

bool has_stopped(unsigned cpu)
{
    const auto stopped = static_cast<uint64_t>(abi::PanicState::STOPPED);
    return __atomic_load_n(&record.cpu[cpu].state, __ATOMIC_ACQUIRE) == stopped;
}

bool others_stopped()
{
    for (unsigned cpu = 0; cpu < arch::cpu_count(); ++cpu) {
        if (cpu != arch::cpu_id() && Scheduler::of(cpu).online() && !has_stopped(cpu))
            return false;
    }
    return true;
}

void stop_others()
{
    for (unsigned cpu = 0; cpu < arch::cpu_count(); ++cpu) {
        if (cpu != arch::cpu_id() && Scheduler::of(cpu).online())
            send_message(cpu, CpuMessage::Stop);
    }
    const uint64_t deadline = now_ns() + stop_time_ns;
    while (!others_stopped() && now_ns() < deadline) {
    }
    for (unsigned cpu = 0; cpu < arch::cpu_count(); ++cpu) {
        if (cpu == arch::cpu_id() || !Scheduler::of(cpu).online() || has_stopped(cpu))
            continue;
        record.cpu[cpu].state = static_cast<uint64_t>(abi::PanicState::RUNNING);
        note_thread(record.cpu[cpu], Scheduler::of(cpu).running());
    }
}

[[noreturn]] void report(const arch::TrapFrame& frame)
{
    reporting = true;
    record.magic = abi::PANIC_MAGIC;
    record.panicked_cpu = arch::cpu_id();
    record.time_ns = now_ns();
    record.cpu_count = arch::cpu_count();
    note_this_cpu(abi::PanicState::PANICKED, &frame);
    stop_others();
    print_panic(record);
    hand_over();
}

}

bool panicking()
{
    return __atomic_load_n(&panicked_cpu, __ATOMIC_RELAXED) != 0;
}

void stop_for_panic(const arch::TrapFrame* frame)
{
    arch::irq_disable();
    note_this_cpu(abi::PanicState::STOPPED, frame);
    for (;;)
        arch::idle();
}

void set_replaced_returns(const arch::ReplacedReturns& replaced)
{
    replaced_returns = &replaced;
}

void panic(const char* format, ...)
{
    claim_panic(nullptr);
    if (!message_given) {
        va_list arguments;
        va_start(arguments, format);
        format_arguments(record.message, sizeof(record.message), format, arguments);
        va_end(arguments);
        message_given = true;
    }
    arch::trap();
}

void assertion_failed(const char* what, const char* file, int line)
{
    panic("%s:%d: assertion failed: %s", file, line, what);
}

void on_fatal(arch::TrapFrame& frame, const char* what)
{
    if (!panicking() && recover_guarded(frame))
        return;
    claim_panic(&frame);
    if (!message_given) {
        copy_text(record.message, sizeof(record.message), what);
        message_given = true;
    }
    report(frame);
}

}
