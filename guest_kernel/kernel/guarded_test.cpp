// Guarded calls: what ends them, and that the kernel goes on.
#include "kernel/guarded.h"

#include "abi.h"
#include "arch/ppc64/cpu.h"
#include "arch/ppc64/hypercall.h"
#include "arch/ppc64/mmu.h"
#include "arch/ppc64/percpu.h"
#include "kernel/clock.h"
#include "kernel/frames.h"
#include "kernel/mutex.h"
#include "kernel/test.h"
#include "kernel/thread.h"

namespace kernel {

namespace {

constexpr uint64_t time_limit = 200 * microsecond;
constexpr GuardedOptions options{.name = "guarded", .time_limit_ns = time_limit};
// Where the test puts code, as if it were a module's.
constexpr uint64_t text_address = abi::MODULE_END - abi::PAGE_SIZE;
constexpr uint64_t data_storage = 0x300;
constexpr uint64_t program = 0x700;
constexpr uint64_t emulation_assistance = 0xE40;
constexpr uint64_t system_reset = 0x100;

GuardedOutcome run(GuardedCode code, uint64_t argument = 0)
{
    GuardedOutcome outcome;
    EXPECT(run_guarded(options, code, argument, outcome).ok());
    return outcome;
}

// A page of module text with a few instructions in it.
class ModuleText {
public:
    template <size_t count>
    explicit ModuleText(const uint32_t (&instructions)[count])
    {
        const auto frame = allocate_frames(1);
        EXPECT(frame.ok());
        m_frame = frame.value();
        auto* words = static_cast<uint32_t*>(arch::linear(m_frame));
        for (size_t i = 0; i < count; ++i)
            words[i] = instructions[i];
        arch::code_sync(m_frame, sizeof instructions);
        EXPECT(arch::map_page(text_address, m_frame, arch::Protection::READ_EXECUTE).ok());
    }
    ~ModuleText()
    {
        EXPECT(arch::unmap_page(text_address).ok());
        free_frames(m_frame, 1);
    }
    ModuleText(const ModuleText&) = delete;
    ModuleText& operator=(const ModuleText&) = delete;

private:
    uint64_t m_frame = 0;
};

Status call_module(uint64_t)
{
    const GuardedFrame calls_the_module;
    return reinterpret_cast<Status (*)()>(text_address)();
}

Status return_argument(uint64_t argument) { return Status::from_raw(-static_cast<int64_t>(argument)); }

Status store_to_null(uint64_t)
{
    *reinterpret_cast<volatile uint64_t*>(8) = 1;
    return {};
}

Status store_with_interrupts_off(uint64_t)
{
    arch::irq_disable();
    return store_to_null(0);
}

Status store_while_counted(uint64_t)
{
    enter_generation();
    return store_to_null(0);
}

Status load_after_waiting(uint64_t)
{
    sleep_until(now_ns() + 10 * microsecond);
    return Status::from_raw(*reinterpret_cast<volatile int64_t*>(0x40));
}

Status run_in_kernel_for_long(uint64_t limit)
{
    const uint64_t end = now_ns() + limit;
    while (now_ns() < end) {
    }
    return {};
}

constexpr uint32_t branch_to_self[] = {
    0x48000000, // b .
};
constexpr uint32_t branch_to_self_with_interrupts_off[] = {
    0x38000002, // li r0, MSR[RI]
    0x7C010164, // mtmsrd r0, 1
    0x48000000, // b .
};
constexpr uint32_t branch_to_self_with_a_frame[] = {
    0x7C0802A6, // mflr r0
    0xF8010010, // std r0, 16(r1)
    0xF821FFE1, // stdu r1, -32(r1)
    0x48000000, // b .
};
// 200 frames deep.
constexpr uint32_t branch_to_self_after_recursion[] = {
    0x388000C8, // li r4, 200
    0x7C0802A6, // mflr r0
    0xF8010010, // std r0, 16(r1)
    0xF821FFE1, // stdu r1, -32(r1)
    0x3484FFFF, // addic. r4, r4, -1
    0x4182000C, // beq .+12
    0x4BFFFFED, // bl .-20
    0x60000000, // nop
    0x48000000, // b .
};
constexpr uint32_t endless_recursion[] = {
    0xF821FF01, // stdu r1, -256(r1)
    0x4BFFFFFC, // b .-4
};
constexpr uint32_t illegal_instruction[] = {
    0x00000000,
};
constexpr uint32_t return_seven_below_zero[] = {
    0x3860FFF9, // li r3, -7
    0x4E800020, // blr
};

Test returns{"guarded.returns", [] {
    const GuardedOutcome outcome = run(return_argument, 3);
    EXPECT(outcome.status == Code::NOT_FOUND);
    EXPECT(outcome.vector == 0 && !outcome.still_runs);
    EXPECT(run(return_argument, 0).status.ok());
}};

Test fault{"guarded.fault", [] {
    constexpr GuardedCode faulty[] = {store_to_null, store_with_interrupts_off, store_while_counted};
    for (const GuardedCode code : faulty) {
        const GuardedOutcome outcome = run(code);
        EXPECT(outcome.status == Code::FAULT);
        EXPECT(outcome.vector == data_storage);
        EXPECT(outcome.data_address == 8);
        EXPECT(!outcome.still_runs);
    }
}};

Test fault_after_wait{"guarded.fault_after_wait", [] {
    const GuardedOutcome outcome = run(load_after_waiting);
    EXPECT(outcome.status == Code::FAULT);
    EXPECT(outcome.data_address == 0x40);
}};

// What was undone, one digit each.
uint64_t undone_so_far = 0;

void note_undone(uint64_t what) { undone_so_far = 10 * undone_so_far + what; }

void fault_when_undone(uint64_t what)
{
    note_undone(what);
    store_to_null(0).ignore();
}

Status hold_and_fault(uint64_t)
{
    const IfAbandoned first(note_undone, 1);
    const IfAbandoned second(fault_when_undone, 2);
    const IfAbandoned third(note_undone, 3);
    {
        const IfAbandoned over(note_undone, 4);
    }
    return store_to_null(0);
}

Status hold_and_return(uint64_t)
{
    const IfAbandoned held(note_undone, 5);
    return {};
}

Test undone{"guarded.fault_undoes_what_was_held", [] {
    undone_so_far = 0;
    EXPECT(run(hold_and_return).status.ok() && undone_so_far == 0);
    EXPECT(run(hold_and_fault).status == Code::FAULT && undone_so_far == 321);
    // Outside a guarded call it is nothing.
    EXPECT(hold_and_return(0).ok() && undone_so_far == 321);
}};

Test generation_is_left{"guarded.generation_is_left", [] {
    run(store_while_counted);
    // Would never return if the ended thread were still counted.
    generations().wait_for_all_cpus();
}};

Test module_code{"guarded.module_code", [] {
    ModuleText text(return_seven_below_zero);
    EXPECT(run(call_module).status.raw() == -7);
}};

Test illegal{"guarded.illegal_instruction", [] {
    ModuleText text(illegal_instruction);
    const GuardedOutcome outcome = run(call_module);
    EXPECT(outcome.status == Code::FAULT);
    EXPECT(outcome.vector == emulation_assistance || outcome.vector == program);
    EXPECT(outcome.address == text_address);
}};

Test overflow{"guarded.stack_overflow", [] {
    ModuleText text(endless_recursion);
    const GuardedOutcome outcome = run(call_module);
    EXPECT(outcome.status == Code::FAULT);
    EXPECT(outcome.address == text_address);
}};

void expect_time_limit(uint64_t endless_address)
{
    const uint64_t start = now_ns();
    const GuardedOutcome outcome = run(call_module);
    EXPECT(outcome.status == Code::TIMED_OUT);
    EXPECT(outcome.vector == system_reset);
    EXPECT(outcome.address == endless_address);
    EXPECT(!outcome.still_runs);
    EXPECT(now_ns() - start >= time_limit);
    EXPECT(now_ns() - start < 10 * time_limit);
}

Test endless{"guarded.endless_loop", [] {
    ModuleText text(branch_to_self);
    expect_time_limit(text_address);
}};

Test endless_without_interrupts{"guarded.endless_loop_interrupts_off", [] {
    ModuleText text(branch_to_self_with_interrupts_off);
    expect_time_limit(text_address + 2 * sizeof(uint32_t));
}};

Test endless_with_frames{"guarded.endless_loop_with_frames", [] {
    {
        ModuleText text(branch_to_self_with_a_frame);
        expect_time_limit(text_address + 3 * sizeof(uint32_t));
    }
    ModuleText text(branch_to_self_after_recursion);
    expect_time_limit(text_address + 8 * sizeof(uint32_t));
}};

// Kernel code is never cut short: the call is over when it returns by itself.
Test late_kernel_code{"guarded.late_kernel_code", [] {
    const GuardedOutcome outcome = run(run_in_kernel_for_long, 3 * time_limit);
    EXPECT(outcome.status.ok());
    EXPECT(!outcome.still_runs);
}};

Status wait_for_mutex(uint64_t mutex)
{
    MutexGuard guard(*reinterpret_cast<Mutex*>(mutex));
    return {};
}

Status fault_with_spin_lock(uint64_t)
{
    SpinLock lock;
    SpinGuard guard(lock);
    return store_to_null(0);
}

Status fault_with_mutex(uint64_t)
{
    Mutex mutex;
    MutexGuard guard(mutex);
    return store_to_null(0);
}

Status fault_without_preemption(uint64_t)
{
    preempt_disable();
    return store_to_null(0);
}

Status failed_assertion(uint64_t)
{
    ASSERT(arch::cpu_count() == 0);
    return {};
}

// What such code was changing cannot be trusted.
Test spin_lock{"panic.guarded_fault_with_spin_lock", [] { run(fault_with_spin_lock); }};
Test mutex{"panic.guarded_fault_with_mutex", [] { run(fault_with_mutex); }};
Test preemption{"panic.guarded_fault_without_preemption", [] { run(fault_without_preemption); }};
Test assertion{"panic.guarded_assertion", [] { run(failed_assertion); }};

Test never_comes_back{"guarded.never_comes_back", [] {
    Mutex mutex;
    mutex.lock();
    const GuardedOutcome outcome = run(wait_for_mutex, reinterpret_cast<uint64_t>(&mutex));
    EXPECT(outcome.status == Code::TIMED_OUT);
    EXPECT(outcome.still_runs);
    mutex.unlock();
    // The thread ends on its own now and frees what is left; the mutex must outlive it.
    mutex.lock();
    mutex.unlock();
    drain_dead_threads();
}};

}

}
