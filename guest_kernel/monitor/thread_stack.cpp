#include "monitor/thread_stack.h"

#include "kernel/thread.h"
#include "objects/tracked_returns.h"

namespace monitor {

namespace {

struct Walk {
    ThreadStack& stack;
    bool running = false;
};

// Runs under the lock that keeps the thread from ending. One that gets to run meanwhile makes the walk end early or
// show a frame that is gone, no more: an unwinder never faults.
void walk_thread(kernel::Thread& thread, void* context)
{
    auto& walk = *static_cast<Walk*>(context);
    walk.running = thread.state() == kernel::ThreadState::Running;
    if (walk.running)
        return;
    const objects::TrackedReturns replaced(thread.call_records);
    auto& stack = walk.stack;
    stack.count = arch::unwind_context(thread.context(), stack.frames, ThreadStack::capacity, &replaced);
}

}

kernel::Status ThreadStack::walk(uint64_t thread)
{
    Walk walk{*this};
    TRY(kernel::with_thread(thread, walk_thread, &walk));
    return walk.running ? kernel::Status(kernel::Code::BUSY) : kernel::Status();
}

void ThreadStack::write(devices::ValueWriter& result, size_t most) const
{
    for (size_t i = 0; i < count && i < most; ++i) {
        result.begin_list();
        result.number(static_cast<uint64_t>(frames[i].kind));
        result.number(frames[i].address);
        result.end_list();
    }
}

}
