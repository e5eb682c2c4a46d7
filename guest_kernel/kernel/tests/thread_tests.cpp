#include "kernel/thread.h"

#include "arch/ppc64/percpu.h"
#include "kernel/heap.h"
#include "kernel/mutex.h"
#include "kernel/stack.h"
#include "kernel/test_thread.h"
#include "kernel/text.h"

namespace kernel {

namespace {

// What several threads have done, in order.
class Trace {
public:
    void add(char step)
    {
        SpinGuard guard(m_lock);
        if (m_length + 1 < sizeof(m_text))
            m_text[m_length++] = step;
    }
    bool is(const char* expected) const
    {
        SpinGuard guard(m_lock);
        return equal(m_text, expected);
    }

private:
    mutable SpinLock m_lock;
    size_t m_length = 0;
    char m_text[32] = {};
};

Test priority{"thread.priority", [] {
    Trace trace;
    Event start;
    {
        // All wait on one CPU; released together, they run by priority whatever the order of waking.
        TestThread low({.name = "low", .priority = 18, .cpu = 0}, [&] { start.wait(); trace.add('l'); });
        TestThread high({.name = "high", .priority = 22, .cpu = 0}, [&] { start.wait(); trace.add('h'); });
        TestThread middle({.name = "middle", .priority = 20, .cpu = 0}, [&] { start.wait(); trace.add('m'); });
        wait_until([&] {
            return low.thread()->state() == ThreadState::Blocked && high.thread()->state() == ThreadState::Blocked &&
                   middle.thread()->state() == ThreadState::Blocked;
        });
        TestThread starter({.name = "starter", .priority = 30, .cpu = 0}, [&] { start.signal(); trace.add('s'); });
    }
    EXPECT(trace.is("shml"));
}};

Test wakeup{"thread.wakeup_preempts", [] {
    Trace trace;
    Event go;
    {
        TestThread high({.name = "high", .priority = 20, .cpu = 0}, [&] { go.wait(); trace.add('h'); });
        wait_until([&] { return high.thread()->state() == ThreadState::Blocked; });
        TestThread low({.name = "low", .priority = 18, .cpu = 0}, [&] {
            trace.add('1');
            go.signal();
            trace.add('2');
        });
    }
    EXPECT(trace.is("1h2"));
}};

Test wakeup_of_other_cpu{"thread.wakeup_preempts_other_cpu", [] {
    bool woken = false;
    Event go;
    TestThread high({.name = "high", .priority = 20, .cpu = last_cpu()}, [&] {
        go.wait();
        __atomic_store_n(&woken, true, __ATOMIC_RELEASE);
    });
    wait_until([&] { return high.thread()->state() == ThreadState::Blocked; });
    // The CPU is busy for longer than the test would wait.
    TestThread busy({.name = "busy", .priority = 10, .cpu = last_cpu()}, [&] {
        while (!__atomic_load_n(&woken, __ATOMIC_ACQUIRE)) {
        }
    });
    TestThread waker({.name = "waker", .priority = 20, .cpu = 0}, [&] { go.signal(); });
    high.join();
    EXPECT(woken);
}};

Test round_robin{"thread.round_robin", [] {
    // Each goes on only when the others have counted on: with no time slices the first would spin for ever.
    uint64_t turns[3] = {};
    const auto body = [&turns](unsigned self) {
        return [&turns, self] {
            while (__atomic_load_n(&turns[self], __ATOMIC_RELAXED) < 3) {
                __atomic_fetch_add(&turns[self], 1, __ATOMIC_RELAXED);
                const uint64_t mine = turns[self];
                while (__atomic_load_n(&turns[(self + 1) % 3], __ATOMIC_RELAXED) < mine) {
                }
            }
        };
    };
    {
        TestThread first({.name = "first", .cpu = last_cpu()}, body(0));
        TestThread second({.name = "second", .cpu = last_cpu()}, body(1));
        TestThread third({.name = "third", .cpu = last_cpu()}, body(2));
    }
    EXPECT(turns[0] == 3 && turns[1] == 3 && turns[2] == 3);
}};

Test yields{"thread.yield", [] {
    Trace trace;
    {
        Event start;
        TestThread first({.name = "first", .priority = 20, .cpu = 0}, [&] {
            start.wait();
            for (int i = 0; i < 3; ++i) {
                trace.add('a');
                yield();
            }
        });
        TestThread second({.name = "second", .priority = 20, .cpu = 0}, [&] {
            start.wait();
            for (int i = 0; i < 3; ++i) {
                trace.add('b');
                yield();
            }
        });
        wait_until([&] {
            return first.thread()->state() == ThreadState::Blocked && second.thread()->state() == ThreadState::Blocked;
        });
        start.signal();
    }
    EXPECT(trace.is("ababab"));
}};

Test sleeps{"thread.sleep", [] {
    const uint64_t before = now_ns();
    sleep_until(before + 3 * millisecond);
    EXPECT(now_ns() >= before + 3 * millisecond);
    EXPECT(now_ns() < before + 4 * millisecond);
    sleep_until(before);
}};

Test sleep_order{"thread.sleepers_wake_in_order", [] {
    Trace trace;
    const uint64_t start = now_ns() + millisecond;
    {
        TestThread last({.name = "last", .cpu = 0}, [&] { sleep_until(start + 3 * millisecond); trace.add('c'); });
        TestThread first({.name = "first", .cpu = 0}, [&] { sleep_until(start + millisecond); trace.add('a'); });
        TestThread second({.name = "second", .cpu = 0}, [&] { sleep_until(start + 2 * millisecond); trace.add('b'); });
    }
    EXPECT(trace.is("abc"));
}};

Test preemption_off{"thread.preemption_off", [] {
    Trace trace;
    Event go;
    {
        TestThread high({.name = "high", .priority = 20, .cpu = 0}, [&] { go.wait(); trace.add('h'); });
        wait_until([&] { return high.thread()->state() == ThreadState::Blocked; });
        TestThread low({.name = "low", .priority = 18, .cpu = 0}, [&] {
            preempt_disable();
            go.signal();
            spin_for(300 * microsecond);
            trace.add('l');
            preempt_enable();
            trace.add('2');
        });
    }
    EXPECT(trace.is("lh2"));
}};

Test moves{"thread.move", [] {
    uint64_t cpus_seen = 0;
    TestThread mover({.name = "mover"}, [&] {
        for (unsigned cpu = 0; cpu < arch::cpu_count(); ++cpu) {
            EXPECT(current_thread()->move_to(cpu).ok());
            EXPECT(arch::cpu_id() == cpu);
            cpus_seen |= 1ul << arch::cpu_id();
        }
        EXPECT(current_thread()->move_to(abi::MAX_CPUS).code() == Code::INVALID);
    });
    mover.join();
    EXPECT(cpus_seen == (1ul << arch::cpu_count()) - 1);
    TestThread pinned({.name = "pinned", .cpu = 0}, [] {
        EXPECT(current_thread()->move_to(0).code() == Code::REFUSED);
    });
}};

Test moved_by_others{"thread.moved_while_it_runs", [] {
    bool stop = false;
    uint64_t rounds = 0;
    TestThread worker({.name = "worker"}, [&] {
        while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
            volatile uint64_t check[8];
            for (uint64_t i = 0; i < 8; ++i)
                check[i] = rounds * i;
            for (uint64_t i = 0; i < 8; ++i)
                EXPECT(check[i] == rounds * i);
            ++rounds;
        }
    });
    for (unsigned i = 0; i < 60; ++i) {
        EXPECT(worker.thread()->move_to(i % arch::cpu_count()).ok());
        spin_for(i * microsecond);
    }
    __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
    worker.join();
    EXPECT(rounds > 0);
}};

Test moved_while_blocked{"thread.moved_while_it_blocks", [] {
    Event go;
    unsigned cpu = 0;
    TestThread sleeper({.name = "sleeper"}, [&] {
        go.wait();
        cpu = arch::cpu_id();
    });
    wait_until([&] { return sleeper.thread()->state() == ThreadState::Blocked; });
    EXPECT(sleeper.thread()->move_to(static_cast<unsigned>(last_cpu())).ok());
    go.signal();
    sleeper.join();
    EXPECT(cpu == static_cast<unsigned>(last_cpu()));
}};

Test holds{"thread.hold", [] {
    uint64_t count = 0;
    bool stop = false;
    TestThread worker({.name = "worker", .priority = 10, .cpu = last_cpu()}, [&] {
        while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
            __atomic_fetch_add(&count, 1, __ATOMIC_RELAXED);
    });
    worker.thread()->hold();
    wait_until([&] { return worker.thread()->state() == ThreadState::Held; });
    const uint64_t held_at = __atomic_load_n(&count, __ATOMIC_RELAXED);
    sleep_until(now_ns() + millisecond);
    EXPECT(__atomic_load_n(&count, __ATOMIC_RELAXED) == held_at);
    worker.thread()->release();
    wait_until([&] { return __atomic_load_n(&count, __ATOMIC_RELAXED) > held_at; });
    __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
}};

Test held_while_blocked{"thread.hold_outlasts_a_wakeup", [] {
    Event go;
    TestThread sleeper({.name = "sleeper"}, [&] { go.wait(); });
    wait_until([&] { return sleeper.thread()->state() == ThreadState::Blocked; });
    sleeper.thread()->hold();
    go.signal();
    sleep_until(now_ns() + millisecond);
    EXPECT(!sleeper.ended() && sleeper.thread()->state() == ThreadState::Held);
    sleeper.thread()->release();
}};

// What a schedule, a monitor and waiters may do to a thread, all at once.
void disturb(Thread& thread, uint64_t step)
{
    switch (step % 5) {
    case 0: EXPECT(thread.move_to(static_cast<unsigned>(step) % arch::cpu_count()).ok()); break;
    case 1: thread.hold(); break;
    case 2: thread.release(); break;
    case 3: thread.set_base_priority(10 + static_cast<unsigned>(step) % 5); break;
    case 4: thread.release(); break;
    }
}

Test storm{"thread.storm", [] {
    Mutex mutex;
    Event tick;
    bool stop = false;
    uint64_t count = 0;
    const auto body = [&] {
        while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
            tick.wait_until(now_ns() + 30 * microsecond).ignore();
            MutexGuard guard(mutex);
            const uint64_t seen = __atomic_load_n(&count, __ATOMIC_RELAXED);
            yield();
            __atomic_store_n(&count, seen + 1, __ATOMIC_RELAXED);
        }
    };
    TestThread first({.name = "first"}, body);
    TestThread second({.name = "second", .priority = 12}, body);
    TestThread third({.name = "third", .priority = 14}, body);
    Thread* const victims[] = {first.thread(), second.thread(), third.thread()};
    const auto controller = [&](uint64_t start) {
        return [&, start] {
            for (uint64_t step = start; step < start + 150; ++step) {
                disturb(*victims[step % 3], step * 7 / 3);
                spin_for((step % 11) * microsecond);
                if (step % 16 == 0)
                    tick.signal();
                else
                    tick.clear();
            }
        };
    };
    {
        TestThread here({.name = "here", .priority = 18, .cpu = 0}, controller(0));
        TestThread there({.name = "there", .priority = 18, .cpu = last_cpu()}, controller(1000));
    }
    for (Thread* victim : victims)
        victim->release();
    const uint64_t before = __atomic_load_n(&count, __ATOMIC_RELAXED);
    wait_until([&] { return __atomic_load_n(&count, __ATOMIC_RELAXED) > before + 3; });
    __atomic_store_n(&stop, true, __ATOMIC_RELEASE);
}};

Test instructions{"thread.instructions", [] {
    const uint64_t before = current_thread()->instructions();
    sleep_until(now_ns() + millisecond);
    const uint64_t slept = current_thread()->instructions() - before;
    EXPECT(slept > 0 && slept < 100'000);
    spin_for(50 * microsecond);
    EXPECT(current_thread()->instructions() - before >= slept + 10'000);
}};

Test many{"thread.many", [] {
    constexpr unsigned count = 100;
    drain_dead_threads();
    drain_stacks();
    drain_heap();
    const uint64_t before = usage(Tag::Thread).allocations;
    static uint64_t ran;
    static Event last;
    ran = 0;
    last.clear();
    for (unsigned i = 0; i < count; ++i) {
        const auto thread = Thread::create({.name = "one of many"}, [](uint64_t) {
            if (__atomic_add_fetch(&ran, 1, __ATOMIC_RELAXED) == count)
                last.signal();
        }, 0);
        EXPECT(thread.ok());
    }
    last.wait();
    wait_until([&] { return usage(Tag::Thread).allocations == before; });
    drain_dead_threads();
    drain_stacks();
    drain_heap();
    EXPECT(usage(Tag::Thread).allocations == before);
}};

Test invalid{"thread.create_refuses_nonsense", [] {
    const auto entry = [](uint64_t) {};
    EXPECT(Thread::create({.name = "x", .priority = 32}, entry, 0).code() == Code::INVALID);
    EXPECT(Thread::create({.name = "x", .cpu = 99}, entry, 0).code() == Code::INVALID);
}};

// The frame pool, which gives this thread so many pages and no more.
class FewPages final : public PageSource {
public:
    explicit FewPages(uint64_t pages) : m_left(pages) {}
    Result<void*> allocate_pages(size_t pages) override
    {
        if (current_thread() == m_thread) {
            if (m_left < pages)
                return Code::NO_MEMORY;
            m_left -= pages;
        }
        return frame_pool().allocate_pages(pages);
    }
    void free_pages(void* first, size_t pages) override { frame_pool().free_pages(first, pages); }

private:
    const Thread* m_thread = current_thread();
    uint64_t m_left;
    OtherPageSource m_scope{*this};
};

// As large as a thread.
struct Chunk {
    char bytes[sizeof(Thread)];
};

Test no_stack{"thread.create_without_memory_for_a_stack", [] {
    // The heap has a block for the thread itself, so that only its stack is wanting.
    destroy(make<Chunk>(Tag::Test));
    drain_stacks();
    const Usage before = usage(Tag::Thread);
    for (uint64_t pages = 0; pages < stack_pages; ++pages) {
        FewPages few(pages);
        EXPECT(Thread::create({.name = "unborn"}, [](uint64_t) {}, 0).code() == Code::NO_MEMORY);
    }
    EXPECT(usage(Tag::Thread).allocations == before.allocations);
    TestThread enough({.name = "born"}, [] {});
}};

Test by_id{"thread.by_id", [] {
    bool found = false;
    const auto visit = [](Thread& thread, void* context) {
        *static_cast<bool*>(context) = &thread == current_thread();
    };
    EXPECT(with_thread(current_thread()->id(), visit, &found).ok() && found);
    EXPECT(with_thread(~0ul, visit, &found).code() == Code::NOT_FOUND);
    uint64_t last_id = 0;
    for_each_thread([](Thread& thread, void* context) {
        auto& last = *static_cast<uint64_t*>(context);
        EXPECT(thread.id() > last);
        last = thread.id();
    }, &last_id);
    EXPECT(last_id >= current_thread()->id());
}};

Test blocking_forbidden{"panic.block_with_spin_lock", [] {
    SpinLock lock;
    Event never;
    SpinGuard guard(lock);
    never.wait();
}};

}

}
