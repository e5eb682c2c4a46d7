// What a numbered stub enters: a call found no representative but a missing entry or an interposer.

#include <stddef.h>

#include "kernel/generation.h"
#include "kernel/interrupt.h"
#include "kernel/panic.h"
#include "kernel/spinlock.h"
#include "kernel/thread.h"
#include "objects/stubs.h"
#include "objects/translation_table.h"

namespace objects {

namespace {

struct Refusal {
    const void* stubs;
    int64_t code;
};

constinit Refusal refusals[] = {
    {objects_refusal_stubs, static_cast<int64_t>(Code::GONE)},
    {objects_refusal_stubs, static_cast<int64_t>(Code::NO_MEMORY)},
    {objects_refusal_stubs, static_cast<int64_t>(Code::BUSY)},
};

// The rules of every call through a reference, checked here where a call can be seen.
void check_caller()
{
    ASSERT(!kernel::in_exception_level());
    ASSERT(kernel::spin_locks_held() == 0);
    ASSERT(kernel::preemption_enabled());
    ASSERT(kernel::current_thread_counted());
}

}

Object* refusal(Code code)
{
    for (auto& candidate : refusals) {
        if (candidate.code == static_cast<int64_t>(code))
            return reinterpret_cast<Object*>(&candidate);
    }
    return reinterpret_cast<Object*>(&refusals[0]);
}

void abandon_records(RecordStack& records, uint64_t stack)
{
    while (records.depth() > 0 && records.top().caller_stack < stack) {
        const CallRecord record = records.pop();
        record.interposer->leave(record);
    }
}

Interposer::Interposer(Reference reference, Rank rank)
    : m_face{interposition_stubs, this}, m_reference(reference), m_rank(rank)
{
}

}

using namespace objects;

// Returned in r3 and r4.
struct Interception {
    Object* target;
    uint64_t replace_return_address;
};

extern "C" Interception objects_intercept(void* self, uint64_t method, uint64_t return_address, uint64_t caller_stack)
{
    check_caller();
    if (table().contains(self)) {
        auto* reference = reinterpret_cast<LocalEntry*>(static_cast<uint8_t*>(self) - offsetof(LocalEntry, stubs));
        return {table().resolve(reference), 0};
    }
    auto& owner = *static_cast<Face*>(self)->owner;
    auto* thread = kernel::current_thread();
    const Route route = owner.enter({static_cast<unsigned>(method), !thread->call_records.full(), return_address});
    if (route.tracked) {
        thread->call_records.push({&owner, return_address, caller_stack, thread->instructions(), route.cpu,
            static_cast<uint32_t>(method)});
    }
    return {route.target, route.tracked};
}

// The real return address of the innermost tracked call.
extern "C" uint64_t objects_returned()
{
    const CallRecord record = kernel::current_thread()->call_records.pop();
    record.interposer->leave(record);
    return record.return_address;
}
