// What memory is used for, and emptying what only keeps it ready.

#include "devices/mailbox.h"
#include "kernel/clock.h"
#include "kernel/frames.h"
#include "kernel/heap.h"
#include "kernel/init.h"
#include "kernel/stack.h"
#include "kernel/thread.h"
#include "monitor/write_back.h"
#include "objects/counted_scope.h"
#include "objects/lifetime.h"
#include "objects/translation_table.h"
#include "services/memory/kernel_pages.h"
#include "services/memory/page_writer.h"

namespace monitor {

namespace {

using kernel::Status;

constexpr uint64_t ending_ns = 200 * kernel::microsecond;

void write(devices::ValueWriter& result, const char* tag, uint64_t bytes, uint64_t allocations)
{
    result.begin_list();
    result.text(tag);
    result.number(bytes);
    result.number(allocations);
    result.end_list();
}

// Pages that the page allocator has in stock: taken from the pool of frames, and free. It keeps what it once needed.
uint64_t pages_in_stock()
{
    objects::CountedScope scope;
    const auto allocator = services::kernel_pages();
    if (!allocator)
        return 0;
    const auto pages = allocator->pages_free();
    return pages.ok() ? pages.value() : 0;
}

void write_pages(devices::ValueWriter& result, const char* tag, uint64_t pages)
{
    write(result, tag, pages * abi::PAGE_SIZE, pages);
}

// By tag, then the pages of the object table, which only grows, and the page frames that are in use for anything else, the
// heap among them.
Status list_usage(devices::ValueReader&, devices::ValueWriter& result)
{
    for (unsigned tag = 0; tag < static_cast<unsigned>(kernel::Tag::Count); ++tag) {
        const auto usage = kernel::usage(static_cast<kernel::Tag>(tag));
        write(result, kernel::name_of(static_cast<kernel::Tag>(tag)), usage.bytes, usage.allocations);
    }
    const uint64_t table = objects::table().pages();
    write_pages(result, "table", table);
    write_pages(result, "frames", kernel::frames_total() - kernel::frames_free() - pages_in_stock() - table);
    return {};
}

Status drain(devices::ValueReader&, devices::ValueWriter&)
{
    TRY(write_back_files());
    services::page_writer().drain();
    // Threads whose work is known to be done may still be on the way to their end.
    kernel::sleep_until(kernel::now_ns() + ending_ns);
    objects::drain_dead_objects();
    kernel::drain_dead_threads();
    kernel::drain_stacks();
    objects::CountedScope returns_pages_to_the_allocator;
    kernel::drain_heap();
    return {};
}

Status start()
{
    TRY(devices::mailbox::register_handler(abi::Operation::MEMORY, list_usage));
    return devices::mailbox::register_handler(abi::Operation::DRAIN, drain);
}

[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction init{kernel::InitStage::Monitor,
                                                                                  "monitor.memory", start};

}

}
