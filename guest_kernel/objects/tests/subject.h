// A thread that the host's schedule may hold in the middle of what it does.
#pragma once

#include "abi.h"
#include "arch/ppc64/hypercall.h"
#include "kernel/clock.h"
#include "kernel/test_thread.h"
#include "kernel/thread.h"

namespace objects::tests {

// Runs body(context), counted unless it is told otherwise. From mark_hold_point() on the schedule may hold it at any instruction; one that holds
// nobody lets it run through, and what a test expects must be right then too. With interrupts off it is the thread's
// CPU that is held, with all that runs there.
class Subject {
public:
    Subject(void (*body)(void*), void* context, int cpu = kernel::last_cpu(), bool counted = true)
        : m_body(body), m_context(context)
    {
        const kernel::ThreadOptions options{"subject", kernel::default_priority, cpu, counted};
        const auto thread = kernel::Thread::create(options, entry, reinterpret_cast<uint64_t>(this));
        EXPECT(thread.ok());
        if (!thread.ok())
            m_ended.signal();
    }

    // By the subject itself.
    static void mark_hold_point() { arch::mark(static_cast<uint64_t>(abi::HoldMark::HOLD_FROM_HERE)); }

    // Until it is held or has ended, or neither for so long that it must be its CPU that is held.
    void wait_until_held() const
    {
        const uint64_t deadline = kernel::now_ns() + patience_ns;
        while (!held() && !ended() && kernel::now_ns() < deadline)
            kernel::sleep_until(kernel::now_ns() + kernel::microsecond * 10);
    }
    bool ended() const { return m_ended.signalled(); }
    // While it is counted: one that is held at its very end is not any more.
    bool held() const
    {
        bool held = false;
        kernel::with_thread(__atomic_load_n(&m_thread_id, __ATOMIC_ACQUIRE), look, &held).ignore();
        return held;
    }
    // While it is held.
    void move_to(unsigned cpu) const
    {
        kernel::with_thread(
            m_thread_id,
            [](kernel::Thread& thread, void* context) { thread.move_to(*static_cast<unsigned*>(context)).ignore(); },
            &cpu)
            .ignore();
    }
    // Tells the schedule, and waits for its end.
    void let_go()
    {
        arch::mark(static_cast<uint64_t>(abi::HoldMark::LET_GO));
        m_ended.wait();
    }

private:
    static constexpr uint64_t patience_ns = 300 * kernel::microsecond;

    static void entry(uint64_t argument)
    {
        auto& self = *reinterpret_cast<Subject*>(argument);
        __atomic_store_n(&self.m_thread_id, kernel::current_thread()->id(), __ATOMIC_RELEASE);
        self.m_body(self.m_context);
        self.m_ended.signal();
    }
    static void look(kernel::Thread& thread, void* context)
    {
        *static_cast<bool*>(context) = thread.state() == kernel::ThreadState::Held && thread.counted();
    }

    void (*m_body)(void*);
    void* m_context;
    uint64_t m_thread_id = 0;
    kernel::Event m_ended;
};

}
