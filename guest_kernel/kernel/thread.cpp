#include "kernel/thread.h"

#include "arch/ppc64/hypercall.h"
#include "arch/ppc64/percpu.h"
#include "kernel/event.h"
#include "kernel/heap.h"
#include "kernel/inheritance.h"
#include "kernel/panic.h"
#include "kernel/scheduler.h"
#include "kernel/stack.h"
#include "kernel/text.h"
#include "kernel/thread_table.h"

namespace kernel {

// What a new thread does around its entry function.
class ThreadStart {
public:
    [[noreturn]] static void run(Thread& previous, Thread::Entry entry, uint64_t argument)
    {
        Scheduler::complete_switch(previous);
        Thread& thread = *current_thread();
        thread.m_start_frame = __builtin_frame_address(0);
        reschedule_if_allowed();
        arch::irq_enable();
        if (thread.m_counted_at_start)
            enter_generation();
        entry(argument);
        exit_thread();
    }
};

const char* name_of(ThreadState state)
{
    switch (state) {
    case ThreadState::Ready: return "ready";
    case ThreadState::Running: return "running";
    case ThreadState::Blocked: return "blocked";
    case ThreadState::Held: return "held";
    case ThreadState::Dead: return "dead";
    }
    return "unknown";
}

Thread::Thread(const ThreadOptions& options, unsigned cpu)
    : m_ended(options.ended)
    , m_counted_at_start(options.counted)
    , m_pinned(options.cpu != any_cpu)
    , m_home(cpu)
    , m_priority(options.priority)
    , m_base_priority(options.priority)
    , m_ticket(*this)
{
    copy_text(m_name, sizeof(m_name), options.name);
    m_context.thread = this;
}

Result<Thread*> Thread::create(const ThreadOptions& options, Entry entry, uint64_t argument)
{
    const bool any = options.cpu == any_cpu;
    if (options.priority >= priorities || (!any && static_cast<unsigned>(options.cpu) >= arch::cpu_count()))
        return Code::INVALID;
    const unsigned cpu = any ? Scheduler::least_loaded().cpu() : static_cast<unsigned>(options.cpu);
    if (!Scheduler::of(cpu).online())
        return Code::INVALID;
    void* memory = allocate(sizeof(Thread), Tag::Thread);
    if (memory == nullptr)
        return Code::NO_MEMORY;
    const auto stack = allocate_stack();
    if (!stack.ok()) {
        deallocate(memory);
        return stack.status();
    }
    auto* thread = new (memory) Thread(options, cpu);
    thread->m_stack = stack.value();
    thread->m_context.prepare(thread->m_stack, thread->m_stack + stack_size, entry, argument);
    ThreadTable::add(*thread);
    Scheduler::start(*thread);
    return thread;
}

Thread& Thread::make_idle(void* memory, unsigned cpu, uint64_t stack_low, uint64_t stack_high)
{
    const ThreadOptions options{.name = "idle", .priority = 0, .cpu = static_cast<int>(cpu), .counted = false};
    auto* thread = new (memory) Thread(options, cpu);
    thread->m_context.stack_low = stack_low;
    thread->m_context.stack_high = stack_high;
    return *thread;
}

void Thread::free(Thread& thread)
{
    Event* ended = thread.m_ended;
    free_stack(thread.m_stack);
    thread.~Thread();
    deallocate(&thread);
    if (ended != nullptr)
        ended->signal();
}

uint64_t Thread::instructions() const
{
    IrqGuard guard;
    if (this != current_thread())
        return m_instructions;
    return m_instructions + arch::instructions() - m_instructions_at_switch;
}

void Thread::set_base_priority(unsigned priority)
{
    ASSERT(priority < priorities);
    // Nobody else changes it meanwhile.
    if (m_base_priority == priority)
        return;
    WaitGraphGuard graph;
    Inheritance::set_base_priority(*this, priority);
}

Status Thread::move_to(unsigned cpu)
{
    return Scheduler::move(*this, cpu);
}

void Thread::hold()
{
    Scheduler::hold(*this);
}

void Thread::release()
{
    Scheduler::release(*this);
}

void yield()
{
    assert_may_block();
    IrqGuard guard;
    Scheduler::here().end_slice();
    Scheduler::switch_thread();
}

void sleep_until(uint64_t deadline_ns)
{
    SpinLock lock;
    WaitQueue nobody_wakes;
    SpinGuard guard(lock);
    while (nobody_wakes.wait_until(guard, deadline_ns).ok()) {
    }
}

void exit_thread()
{
    Thread& thread = *current_thread();
    ASSERT(thread.mutexes_held() == 0 && thread.call_records.depth() == 0);
    assert_may_block();
    if (thread.counted())
        leave_generation();
    arch::irq_disable();
    Scheduler::mark(ThreadState::Dead);
    Scheduler::switch_thread();
    panic("a thread that has ended runs again");
}

void preempt_disable()
{
    ++current_thread()->m_preemption_off;
    // The compiler must not move what follows before the count; other CPUs do not read it.
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

void preempt_enable()
{
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    ASSERT(current_thread()->m_preemption_off > 0);
    --current_thread()->m_preemption_off;
    // Its end makes the switch that has become due meanwhile.
    IrqGuard guard;
}

bool preemption_enabled()
{
    return current_thread()->m_preemption_off == 0;
}

void assert_may_block()
{
    ASSERT(!in_exception_level());
    ASSERT(spin_locks_held() == 0);
    ASSERT(preemption_enabled());
    ASSERT(arch::irq_enabled());
}

}

void kernel_thread_started(arch::Context* previous, arch::ThreadEntry entry, uint64_t argument)
{
    kernel::ThreadStart::run(*previous->thread, entry, argument);
}
