#include "kernel/reaper.h"

#include "kernel/heap.h"
#include "kernel/event.h"
#include "kernel/stack.h"
#include "kernel/thread_table.h"

namespace kernel {

namespace {

constexpr unsigned reaper_thread_priority = 20;

using DeadList = List<Thread, &Thread::dead_link>;

// Guards the list and the number of threads taken from it but not freed yet.
constinit SpinLock reaper_lock;
constinit DeadList dead;
constinit uint64_t not_freed = 0;
constinit Event work;
constinit WaitQueue all_freed;

Thread* take()
{
    SpinGuard guard(reaper_lock);
    return dead.take_first();
}

void note_freed()
{
    SpinGuard guard(reaper_lock);
    if (--not_freed == 0)
        all_freed.wake_all();
}

}

void Reaper::add(Thread& thread)
{
    {
        SpinGuard guard(reaper_lock);
        dead.append(thread);
        ++not_freed;
    }
    work.signal();
}

void Reaper::run(uint64_t)
{
    OuterLoop loop;
    for (;;) {
        loop.consume(work);
        while (Thread* thread = take()) {
            ThreadTable::remove(*thread);
            Thread::free(*thread);
            note_freed();
            loop.pass();
        }
    }
}

void Reaper::drain()
{
    SpinGuard guard(reaper_lock);
    while (not_freed != 0)
        all_freed.wait(guard);
}

Status Reaper::start()
{
    const ThreadOptions options{.name = "reaper", .priority = reaper_thread_priority};
    TRY(Thread::create(options, run, 0));
    return {};
}

void drain_dead_threads()
{
    Reaper::drain();
}

}
