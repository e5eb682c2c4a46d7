#include "objects/counting_arbiter.h"

#include "kernel/generation.h"
#include "kernel/owned.h"
#include "kernel/thread.h"
#include "objects/counted_scope.h"
#include "objects/translation_table.h"

namespace objects {

kernel::Result<CountingArbiter*> CountingArbiter::attach(Reference reference)
{
    CountedScope calls_the_page_allocator;
    kernel::Owned<CountingArbiter> arbiter(kernel::make<CountingArbiter>(kernel::Tag::Interposer, reference));
    if (!arbiter)
        return Code::NO_MEMORY;
    TRY(table().interpose(*arbiter));
    return arbiter.release();
}

void CountingArbiter::detach(CountingArbiter* arbiter)
{
    table().remove(*arbiter);
    // Whoever loaded its face, or returns through it, was counted before this.
    kernel::generations().wait_for_all_cpus();
    CountedScope calls_the_page_allocator;
    kernel::destroy(arbiter);
}

Route CountingArbiter::enter(const CallSite& site)
{
    __atomic_fetch_add(&m_counts[site.method].calls, 1, __ATOMIC_RELAXED);
    return {table().resolve_behind(*this), site.can_track, 0};
}

void CountingArbiter::leave(const CallRecord& record)
{
    const uint64_t spent = kernel::current_thread()->instructions() - record.instructions_at_entry;
    __atomic_fetch_add(&m_counts[record.method].instructions, spent, __ATOMIC_RELAXED);
}

MethodCounts CountingArbiter::counts(unsigned method) const
{
    return {__atomic_load_n(&m_counts[method].calls, __ATOMIC_RELAXED),
        __atomic_load_n(&m_counts[method].instructions, __ATOMIC_RELAXED)};
}

}
