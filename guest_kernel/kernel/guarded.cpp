#include "kernel/guarded.h"

#include "abi.h"
#include "arch/ppc64/asm_offsets.h"
#include "arch/ppc64/cpu.h"
#include "arch/ppc64/exceptions.h"
#include "arch/ppc64/percpu.h"
#include "arch/ppc64/trap_frame.h"
#include "kernel/clock.h"
#include "kernel/device_register.h"
#include "kernel/event.h"
#include "kernel/heap.h"
#include "kernel/list.h"
#include "kernel/thread.h"
#include "objects/counted_scope.h"
#include "objects/interposer.h"

namespace kernel {

namespace {

// Until the watchdog first asks again; each further time it waits twice as long.
constexpr uint64_t first_retry_ns = 10 * microsecond;
constexpr uint64_t longest_retry_ns = 100 * millisecond;
// After the time limit, what a waiter grants code that is inside the kernel to come out of it.
constexpr uint64_t grace_ns = 100 * millisecond;
// The handler of a fatal exception counts as one level itself.
constexpr uint64_t fault_depth = 1;

}

struct GuardedCall {
    GuardedCode code = nullptr;
    uint64_t argument = 0;
    uint64_t time_limit_ns = 0;
    GuardedOutcome outcome;
    // Of one that nobody waits for.
    GuardedEnd ended = nullptr;
    Event done;
    // Its thread and who waits; the last to drop its reference frees the call.
    unsigned references = 1;

    // -- the thread's own CPU, interrupts off
    Thread* thread = nullptr;
    // The frame whose callees may be abandoned only if all of them are module code.
    uint64_t frame = 0;
    // The innermost that is to be undone when the call is abandoned; the thread's own.
    IfAbandoned* held = nullptr;
    // When the watchdog is to look at it.
    uint64_t check_ns = 0;
    // Read by who waits for the call: while it is at pause nobody gives it up.
    bool paused = false;
    uint64_t retry_ns = first_retry_ns;
    ListLink<GuardedCall> link;
};

namespace {

using CallList = List<GuardedCall, &GuardedCall::link>;

// The guarded calls whose threads are pinned to a CPU; used by that CPU with interrupts off.
constinit CallList guarded_calls[abi::MAX_CPUS];

CallList& calls_here() { return guarded_calls[arch::cpu_id()]; }

void arm_watchdog()
{
    uint64_t deadline = abi::WATCHDOG_NEVER;
    for (GuardedCall* call = calls_here().first(); call != nullptr; call = CallList::next(*call)) {
        if (call->check_ns < deadline)
            deadline = call->check_ns;
    }
    write_register(abi::DevicePage::POWER, abi::PowerRegister::WATCHDOG, deadline);
}

void drop(GuardedCall* call)
{
    // Acquire and release: the last one frees what the other has written.
    if (__atomic_sub_fetch(&call->references, 1, __ATOMIC_ACQ_REL) == 0)
        destroy(call);
}

uint64_t check_time(uint64_t time_limit_ns)
{
    return time_limit_ns == unlimited_ns ? abi::WATCHDOG_NEVER : now_ns() + time_limit_ns;
}

// On the call's thread.
void begin(GuardedCall& call)
{
    IrqGuard guard;
    call.thread = current_thread();
    call.thread->guarded = &call;
    call.check_ns = check_time(call.time_limit_ns);
    calls_here().append(call);
    arm_watchdog();
}

[[noreturn]] void end(GuardedCall& call)
{
    {
        IrqGuard guard;
        call.thread->guarded = nullptr;
        calls_here().remove(call);
        arm_watchdog();
    }
    if (call.ended != nullptr)
        call.ended(call.argument, call.outcome);
    call.done.signal();
    drop(&call);
    exit_thread();
}

void guarded_entry(uint64_t argument)
{
    GuardedCall& call = *reinterpret_cast<GuardedCall*>(argument);
    call.frame = reinterpret_cast<uint64_t>(__builtin_frame_address(0));
    begin(call);
    call.outcome.status = call.code(call.argument);
    end(call);
}

// What faults meanwhile ends here again, and goes on with the next.
void undo_what_was_held(GuardedCall& call)
{
    const objects::CountedScope frees_memory;
    while (const IfAbandoned* held = call.held) {
        call.held = held->outer();
        held->undo();
    }
}

// Where an abandoned call goes on, interrupts off: below the frames that it has abandoned, which may still be looked at.
[[noreturn]] void abandoned_entry(GuardedCall* call)
{
    arch::irq_enable();
    Thread& thread = *current_thread();
    objects::abandon_records(thread.call_records, thread.context().stack_high);
    NoAllocationScope::abandon();
    undo_what_was_held(*call);
    end(*call);
}

bool in_module(uint64_t address) { return address >= abi::MODULE_BASE && address < abi::MODULE_END; }

// Whether nothing of the kernel's is left half done when the interrupted code of this thread is not gone on with.
bool holds_nothing(const Thread& thread)
{
    return arch::this_cpu().exception_depth == fault_depth && spin_locks_held() == 0 && thread.mutexes_held() == 0 &&
           preemption_enabled();
}

// Whether the link register can be what a function with a stack frame has left of its entry: the return address that it
// saved. Else it is the only sign of the caller of a function without a frame.
bool is_saved_return(uint64_t address, uint64_t stack, uint64_t end)
{
    const uint64_t caller = *reinterpret_cast<const uint64_t*>(stack);
    return caller > stack && caller <= end && *reinterpret_cast<const uint64_t*>(caller + STACK_LR) == address;
}

// From the interrupted function up to the guarded frame, along the back chain on the thread's stack.
bool only_module_frames(const arch::TrapFrame& frame, const GuardedCall& call)
{
    uint64_t stack = frame.stack_pointer();
    if (!in_module(frame.srr0) || stack < call.thread->context().stack_low || stack > call.frame)
        return false;
    if (stack == call.frame)
        return true;
    if (!in_module(frame.lr) && !is_saved_return(frame.lr, stack, call.frame))
        return false;
    for (;;) {
        const uint64_t caller = *reinterpret_cast<const uint64_t*>(stack);
        if (caller <= stack || caller >= call.frame)
            return caller == call.frame;
        if (!in_module(*reinterpret_cast<const uint64_t*>(caller + STACK_LR)))
            return false;
        stack = caller;
    }
}

// What is below the stack pointer may be in use up to there.
constexpr uint64_t red_zone = 512;
constexpr uint64_t stack_alignment = 16;
// What undoing may take.
constexpr uint64_t undo_room = 4096;

// Where an abandoned call's thread goes on. Where the stack has been used up, or its pointer cannot be right, at the outer
// end: then nothing can be undone.
uint64_t stack_to_undo(GuardedCall& call, uint64_t stack)
{
    const auto& context = call.thread->context();
    const auto innermost = reinterpret_cast<uint64_t>(call.held);
    const bool trusted = stack >= context.stack_low + undo_room && stack < context.stack_high && stack < innermost;
    if (call.held != nullptr && trusted)
        return (stack - red_zone) / stack_alignment * stack_alignment;
    call.held = nullptr;
    return context.stack_high - 2 * STACK_HEADER;
}

// The frame goes on in abandoned_entry. Interrupts stay off until there: the way out of the exception must not switch
// threads on a stack that may be the emergency one.
void abandon(arch::TrapFrame& frame, GuardedCall& call, Code code)
{
    call.outcome.status = code;
    call.outcome.vector = static_cast<uint64_t>(frame.vector);
    call.outcome.address = frame.srr0;
    call.outcome.data_address = frame.dar;
    call.outcome.complaint = arch::describe_fault(frame);
    const uint64_t stack = stack_to_undo(call, frame.stack_pointer());
    // A zero back chain ends every walk of the new stack.
    *reinterpret_cast<uint64_t*>(stack) = 0;
    frame.gpr[1] = stack;
    frame.gpr[3] = reinterpret_cast<uint64_t>(&call);
    frame.gpr[12] = reinterpret_cast<uint64_t>(&abandoned_entry);
    frame.gpr[13] = reinterpret_cast<uint64_t>(call.thread);
    frame.srr0 = frame.gpr[12];
    frame.srr1 = arch::read_msr() & ~uint64_t{ASM_MSR_EE};
}

void ask_again_later(GuardedCall& call, uint64_t now)
{
    call.check_ns = now + call.retry_ns;
    call.retry_ns = call.retry_ns * 2 < longest_retry_ns ? call.retry_ns * 2 : longest_retry_ns;
}

void on_watchdog(arch::TrapFrame& frame)
{
    const uint64_t now = now_ns();
    Thread* const running = current_thread();
    for (GuardedCall* call = calls_here().first(); call != nullptr; call = CallList::next(*call)) {
        if (call->check_ns > now)
            continue;
        ask_again_later(*call, now);
        if (call->thread == running && holds_nothing(*running) && only_module_frames(frame, *call))
            abandon(frame, *call, Code::TIMED_OUT);
    }
    arm_watchdog();
}

GuardedCall* make_call(const GuardedOptions& options, GuardedCode code, uint64_t argument)
{
    auto* call = make<GuardedCall>(Tag::Kernel);
    if (call != nullptr) {
        call->code = code;
        call->argument = argument;
        call->time_limit_ns = options.time_limit_ns;
    }
    return call;
}

// Frees the call when there is no thread for it.
Result<Thread*> start(GuardedCall& call, const GuardedOptions& options, unsigned cpu)
{
    const ThreadOptions thread{options.name, options.priority, static_cast<int>(cpu), false};
    const auto made = Thread::create(thread, guarded_entry, reinterpret_cast<uint64_t>(&call));
    if (!made.ok())
        destroy(&call);
    return made;
}

}

namespace {

// TIMED_OUT once it has had its time and the grace, pauses not counted.
Status wait_for_end(GuardedCall& call, uint64_t time_limit_ns)
{
    uint64_t deadline = now_ns() + time_limit_ns + grace_ns;
    for (;;) {
        const Status waited = call.done.wait_until(deadline);
        if (waited.ok() || !__atomic_load_n(&call.paused, __ATOMIC_ACQUIRE))
            return waited;
        // What is left when the pause ends is the watchdog's affair.
        deadline = now_ns() + time_limit_ns + grace_ns;
    }
}

}

Status run_guarded(const GuardedOptions& options, GuardedCode code, uint64_t argument, GuardedOutcome& outcome)
{
    ASSERT(!current_thread_counted());
    auto* call = make_call(options, code, argument);
    if (call == nullptr)
        return Code::NO_MEMORY;
    ++call->references;
    TRY(start(*call, options, current_thread()->cpu()));
    const Status waited = wait_for_end(*call, options.time_limit_ns);
    if (waited.ok()) {
        outcome = call->outcome;
    } else {
        outcome = {};
        outcome.status = Code::TIMED_OUT;
        outcome.still_runs = true;
    }
    drop(call);
    return {};
}

Result<Thread*> start_guarded(const GuardedOptions& options, unsigned cpu, GuardedCode code, uint64_t argument, GuardedEnd ended)
{
    auto* call = make_call(options, code, argument);
    if (call == nullptr)
        return Code::NO_MEMORY;
    call->ended = ended;
    call->time_limit_ns = unlimited_ns;
    return start(*call, options, cpu);
}

void limit_guarded(uint64_t time_limit_ns)
{
    IrqGuard guard;
    if (GuardedCall* call = current_thread()->guarded) {
        call->check_ns = check_time(time_limit_ns);
        call->retry_ns = first_retry_ns;
        arm_watchdog();
    }
}

// Here and in the frames below a call is changed with interrupts on: only its own thread and the exceptions that this takes
// look at it, and each change is one store. The compiler must not put it before what it makes known.
IfAbandoned::IfAbandoned(Undo undo, uint64_t what) : m_undo(undo), m_what(what)
{
    if (GuardedCall* call = current_thread()->guarded) {
        m_outer = call->held;
        __atomic_signal_fence(__ATOMIC_RELEASE);
        __atomic_store_n(&call->held, this, __ATOMIC_RELAXED);
    }
}

IfAbandoned::~IfAbandoned()
{
    if (GuardedCall* call = current_thread()->guarded)
        __atomic_store_n(&call->held, m_outer, __ATOMIC_RELAXED);
}

GuardPause::GuardPause()
{
    IrqGuard guard;
    GuardedCall* const call = current_thread()->guarded;
    if (call == nullptr || call->check_ns == abi::WATCHDOG_NEVER)
        return;
    const uint64_t now = now_ns();
    m_left_ns = call->check_ns > now ? call->check_ns - now : first_retry_ns;
    call->check_ns = abi::WATCHDOG_NEVER;
    __atomic_store_n(&call->paused, true, __ATOMIC_RELEASE);
    arm_watchdog();
}

GuardPause::~GuardPause()
{
    if (m_left_ns == unlimited_ns)
        return;
    limit_guarded(m_left_ns);
    IrqGuard guard;
    __atomic_store_n(&current_thread()->guarded->paused, false, __ATOMIC_RELEASE);
}

GuardedFrame::GuardedFrame()
{
    const auto* own = static_cast<const uint64_t*>(__builtin_frame_address(0));
    if (GuardedCall* call = current_thread()->guarded) {
        m_outer = call->frame;
        __atomic_store_n(&call->frame, *own, __ATOMIC_RELAXED);
    }
}

GuardedFrame::~GuardedFrame()
{
    if (m_outer != 0)
        __atomic_store_n(&current_thread()->guarded->frame, m_outer, __ATOMIC_RELAXED);
}

bool recover_guarded(arch::TrapFrame& frame)
{
    if (frame.vector == arch::Vector::SYSTEM_RESET) {
        on_watchdog(frame);
        return true;
    }
    GuardedCall* const call = current_thread()->guarded;
    if (call == nullptr || !holds_nothing(*call->thread))
        return false;
    abandon(frame, *call, Code::FAULT);
    return true;
}

}
