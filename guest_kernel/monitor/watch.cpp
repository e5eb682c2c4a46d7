#include "monitor/watch.h"

#include "devices/mailbox.h"
#include "kernel/init.h"
#include "kernel/mutex.h"
#include "kernel/owned.h"
#include "monitor/reference_text.h"
#include "objects/counted_scope.h"
#include "objects/counting_arbiter.h"

namespace monitor {

namespace {

using devices::ValueReader;
using devices::ValueWriter;
using objects::CountingArbiter;
using objects::ReferenceName;

// Outlives its object: the counts can be read, and the arbiter be taken off, after the object is gone.
struct Watch {
    ReferenceName name;
    CountingArbiter* arbiter;
    Watch* next = nullptr;
};

// Guards the list, and is held while a watch of it is used.
constinit kernel::Mutex watches_lock;
constinit Watch* watches = nullptr;

Watch** find(ReferenceName name)
{
    Watch** link = &watches;
    while (*link != nullptr && ((*link)->name.index != name.index || (*link)->name.sequence != name.sequence))
        link = &(*link)->next;
    return link;
}

void write_counts(const CountingArbiter& arbiter, ValueWriter& result)
{
    for (unsigned method = 0; method < objects::max_methods; ++method) {
        const auto counts = arbiter.counts(method);
        if (counts.calls == 0)
            continue;
        result.begin_list();
        result.number(method);
        result.number(counts.calls);
        result.number(counts.instructions);
        result.end_list();
    }
}

Status watch(ValueReader& arguments, ValueWriter&)
{
    // Keeps the object, and serves the allocations.
    objects::CountedScope counted;
    const objects::Reference reference = TRY(read_reference(arguments));
    kernel::Owned<Watch> entry(kernel::make<Watch>(kernel::Tag::Interposer));
    if (!entry)
        return Code::NO_MEMORY;
    entry->name = objects::table().name(reference);
    entry->arbiter = TRY(CountingArbiter::attach(reference));
    kernel::MutexGuard guard(watches_lock);
    entry->next = watches;
    watches = entry.release();
    return {};
}

Status counts(ValueReader& arguments, ValueWriter& result)
{
    const ReferenceName name = TRY(read_reference_name(arguments));
    kernel::MutexGuard guard(watches_lock);
    const Watch* found = *find(name);
    if (found == nullptr)
        return Code::NOT_FOUND;
    write_counts(*found->arbiter, result);
    return {};
}

Watch* take(ReferenceName name)
{
    kernel::MutexGuard guard(watches_lock);
    Watch** link = find(name);
    Watch* found = *link;
    if (found != nullptr)
        *link = found->next;
    return found;
}

Status unwatch(ValueReader& arguments, ValueWriter& result)
{
    Watch* found = take(TRY(read_reference_name(arguments)));
    if (found == nullptr)
        return Code::NOT_FOUND;
    write_counts(*found->arbiter, result);
    CountingArbiter::detach(found->arbiter);
    objects::CountedScope calls_the_page_allocator;
    kernel::destroy(found);
    return {};
}

Status start()
{
    TRY(devices::mailbox::register_handler(abi::Operation::WATCH, watch));
    TRY(devices::mailbox::register_handler(abi::Operation::UNWATCH, unwatch));
    return devices::mailbox::register_handler(abi::Operation::WATCH_COUNTS, counts);
}

[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction init{kernel::InitStage::Monitor,
                                                                                  "monitor.watch", start};

}

bool is_watched(objects::Reference reference)
{
    kernel::MutexGuard guard(watches_lock);
    return *find(objects::table().name(reference)) != nullptr;
}

}
