// Listing, holding and looking into threads.

#include "devices/mailbox.h"
#include "kernel/init.h"
#include "kernel/thread.h"
#include "monitor/thread_stack.h"

namespace monitor {

namespace {

using devices::ValueReader;
using devices::ValueWriter;
using kernel::Code;
using kernel::Status;

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

Status backtrace(ValueReader& arguments, ValueWriter& result)
{
    const uint64_t id = TRY(arguments.number());
    ThreadStack stack;
    TRY(stack.walk(id));
    stack.write(result);
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
