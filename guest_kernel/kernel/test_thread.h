// Threads that tests start and wait for.
#pragma once

#include "kernel/clock.h"
#include "kernel/event.h"
#include "kernel/test.h"
#include "kernel/thread.h"

namespace kernel {

// Runs body() and is waited for at the end of the scope at the latest. No memory for it is a failure of the test.
template <typename Body>
class TestThread {
public:
    TestThread(ThreadOptions options, Body body) : m_body(body)
    {
        options.ended = &m_ended;
        const auto created = Thread::create(options, run, reinterpret_cast<uint64_t>(this));
        EXPECT(created.ok());
        if (created.ok())
            m_thread = created.value();
        else
            m_ended.signal();
    }
    ~TestThread() { join(); }
    TestThread(const TestThread&) = delete;
    TestThread& operator=(const TestThread&) = delete;

    // Until it is gone, with all its memory.
    void join() { m_ended.wait(); }
    bool ended() const { return m_ended.signalled(); }
    // Until its body has come to its end.
    Thread* thread() const { return m_thread; }

private:
    static void run(uint64_t argument)
    {
        reinterpret_cast<TestThread*>(argument)->m_body();
    }

    Body m_body;
    Event m_ended;
    Thread* m_thread = nullptr;
};

// The last CPU of the machine: another one than CPU 0 where there are two.
int last_cpu();

// Waits, sleeping in between, until condition() holds; a failure of the test when it does not within 100 ms.
template <typename Condition>
void wait_until(Condition condition)
{
    constexpr uint64_t step_ns = 20'000;
    for (unsigned i = 0; i < 5000 && !condition(); ++i)
        sleep_until(now_ns() + step_ns);
    EXPECT(condition());
}

// Uses the CPU without giving it up, for so much virtual time.
void spin_for(uint64_t ns);

}
