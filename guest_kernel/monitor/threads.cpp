// Listing, holding and looking into threads.

#include "arch/ppc64/unwind.h"
#include "devices/mailbox.h"
#include "kernel/init.h"
#include "kernel/thread.h"
#include "objects/tracked_returns.h"

namespace monitor {

namespace {

using devices::ValueReader;
using devices::ValueWriter;
using kernel::Code;
using kernel::Status;

constexpr size_t max_frames = 48;

void list_thread(kernel::Thread& thread, void* context)
{
    auto& result = *static_cast<ValueWriter*>(context);
    result.begin_list();
    result.number(thread.id());
    result.text(thread.name());
    result.number(thread.cpu());
    result.number(thread.priority());
    result.text(kernel::name_of(thread.state()));
    result.number(thread.instructions());
    result.end_list();
}

Status list_threads(ValueReader&, ValueWriter& result)
{
    kernel::for_each_thread(list_thread, &result);
    return {};
}

struct Stack {
    arch::CodeAddress frames[max_frames];
    size_t count = 0;
    bool running = false;
};

// Runs under the lock that keeps the thread from ending. One that gets to run meanwhile makes the walk end early or
// show a frame that is gone, no more: an unwinder never faults.
void walk(kernel::Thread& thread, void* context)
{
    auto& stack = *static_cast<Stack*>(context);
    stack.running = thread.state() == kernel::ThreadState::Running;
    if (stack.running)
        return;
    const objects::TrackedReturns replaced(thread.call_records);
    stack.count = arch::unwind_context(thread.context(), stack.frames, max_frames, &replaced);
}

Status backtrace(ValueReader& arguments, ValueWriter& result)
{
    const uint64_t id = TRY(arguments.number());
    Stack stack;
    TRY(kernel::with_thread(id, walk, &stack));
    if (stack.running)
        return Code::BUSY;
    for (size_t i = 0; i < stack.count; ++i) {
        result.begin_list();
        result.number(static_cast<uint64_t>(stack.frames[i].kind));
        result.number(stack.frames[i].address);
        result.end_list();
    }
    return {};
}

Status hold(ValueReader& arguments, ValueWriter&)
{
    const uint64_t id = TRY(arguments.number());
    // Who serves this request must go on to answer it.
    if (id == kernel::current_thread()->id())
        return Code::REFUSED;
    return kernel::with_thread(id, [](kernel::Thread& thread, void*) { thread.hold(); }, nullptr);
}

Status release(ValueReader& arguments, ValueWriter&)
{
    return kernel::with_thread(
        TRY(arguments.number()), [](kernel::Thread& thread, void*) { thread.release(); }, nullptr);
}

Status start()
{
    TRY(devices::mailbox::register_handler(abi::Operation::THREADS, list_threads));
    TRY(devices::mailbox::register_handler(abi::Operation::BACKTRACE, backtrace));
    TRY(devices::mailbox::register_handler(abi::Operation::HOLD_THREAD, hold));
    return devices::mailbox::register_handler(abi::Operation::RELEASE_THREAD, release);
}

[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction init{kernel::InitStage::Monitor,
                                                                                  "monitor.threads", start};

}

}
