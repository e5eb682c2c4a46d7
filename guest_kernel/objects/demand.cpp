#include "objects/demand.h"

#include "kernel/heap.h"
#include "kernel/mutex.h"
#include "kernel/owned.h"
#include "kernel/text.h"

namespace objects {

namespace {

constexpr unsigned max_askers = 16;

// One interface that is waited for.
struct Demand {
    char name[interface_name_size] = {};
    uint64_t tickets[max_askers] = {};
    unsigned askers = 0;
    Demand* next = nullptr;
};

// Guards the list, and that a demand is on it from before its listener is asked until it is settled. Held while the
// listener is told.
constinit kernel::Mutex demands_lock;
constinit Demand* demands = nullptr;
constinit DemandListener* the_listener = nullptr;

Demand** find(const char* name)
{
    Demand** link = &demands;
    while (*link != nullptr && !kernel::equal((*link)->name, name))
        link = &(*link)->next;
    return link;
}

// The demand that `link` leads to is over: who waits calls again with that result.
void settle(Demand** link, Status outcome)
{
    kernel::Owned<Demand> demand(*link);
    *link = demand->next;
    // A ticket whose caller has given up is not found any more, which is as good.
    for (unsigned i = 0; i < demand->askers; ++i)
        kernel::complete(demand->tickets[i], static_cast<uint64_t>(outcome.raw())).ignore();
    if (the_listener != nullptr)
        the_listener->settled(demand->name, outcome);
}

kernel::Result<Demand*> open(const char* name)
{
    auto* demand = kernel::make<Demand>(kernel::Tag::Object);
    if (demand == nullptr)
        return Code::NO_MEMORY;
    kernel::copy_text(demand->name, interface_name_size, name);
    demand->next = demands;
    demands = demand;
    return demand;
}

// The update is asked for once somebody waits, for the answer may come at once.
Status ask_and_wait(const char* name, kernel::Ticket& ticket)
{
    if (the_listener == nullptr)
        return Code::NOT_FOUND;
    Demand* demand = *find(name);
    const bool first = demand == nullptr;
    if (first)
        demand = TRY(open(name));
    else if (demand->askers == max_askers)
        return Code::NO_MEMORY;
    const uint64_t id = ticket.queue();
    demand->tickets[demand->askers++] = id;
    if (first) {
        const Status asked = the_listener->wanted(name);
        if (!asked.ok())
            settle(find(name), asked);
    }
    return Status::parked(id);
}

}

void set_demand_listener(DemandListener* listener)
{
    kernel::MutexGuard guard(demands_lock);
    the_listener = listener;
}

Status want_interface(const char* interface_name, kernel::Ticket& ticket)
{
    if (ticket.state() == kernel::TicketState::Ready)
        TRY(Status::from_raw(static_cast<int64_t>(ticket.take())));
    if (kernel::length(interface_name) >= interface_name_size)
        return Code::TOO_LARGE;
    kernel::MutexGuard guard(demands_lock);
    // Looked at under the lock: whoever registers a class settles afterwards.
    if (find_class_of_kind(interface_name) != nullptr)
        return {};
    return ask_and_wait(interface_name, ticket);
}

Status settle_demand(const char* interface_name, Status outcome)
{
    kernel::MutexGuard guard(demands_lock);
    Demand** link = find(interface_name);
    if (*link == nullptr)
        return Code::NOT_FOUND;
    const bool provided = find_class_of_kind(interface_name) != nullptr;
    if (provided)
        settle(link, {});
    else
        // An update that was applied and does not bring it is none of those that were wanted.
        settle(link, outcome.ok() ? Status(Code::NOT_FOUND) : outcome);
    return {};
}

void settle_provided_demands()
{
    kernel::MutexGuard guard(demands_lock);
    for (Demand** link = &demands; *link != nullptr;) {
        if (find_class_of_kind((*link)->name) != nullptr)
            settle(link, {});
        else
            link = &(*link)->next;
    }
}

const ClassDescriptor* find_class_of_kind(const char* kind)
{
    struct Search {
        const char* kind;
        const ClassDescriptor* found;
    } search{kind, nullptr};
    const auto compare = [](const ClassDescriptor& candidate, void* context) {
        auto& wanted = *static_cast<Search*>(context);
        if (!kernel::equal(candidate.kind, wanted.kind))
            return;
        const int order = wanted.found == nullptr ? -1 : kernel::compare(candidate.name, wanted.found->name);
        if (order < 0 || (order == 0 && candidate.version > wanted.found->version))
            wanted.found = &candidate;
    };
    for_each_class(compare, &search);
    return search.found;
}

}
