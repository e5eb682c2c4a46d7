#include "kernel/heap_rules.h"

#include "arch/ppc64/percpu.h"
#include "kernel/heap.h"
#include "kernel/interrupt.h"
#include "kernel/panic.h"
#include "kernel/spinlock.h"
#include "kernel/thread.h"

namespace kernel {

namespace {

struct PlannedFailure {
    // Allocations until then; 0: none is planned.
    uint64_t remaining = 0;
    // Whose allocations count; null: everybody's.
    const Thread* thread = nullptr;
    // Which threads' count, and pages with them; null: as the others say, and no pages.
    FailAllocation::Whose whose = nullptr;
    // Whose allocations count; negative: those of every CPU.
    int cpu = -1;
    bool in_scope = false;
    bool happened = false;

    // With interrupts off.
    bool concerns_current_thread() const
    {
        if (thread != nullptr && thread != current_thread())
            return false;
        if (whose != nullptr && !whose(*current_thread()))
            return false;
        return cpu < 0 || static_cast<unsigned>(cpu) == arch::cpu_id();
    }
};

// Guards the plan.
constinit SpinLock plan_lock;
constinit PlannedFailure plan;

}

void HeapRules::check()
{
    ASSERT(!in_exception_level());
    ASSERT(spin_locks_held() == 0);
    kernel::check(current_thread()->m_allocations_forbidden == 0, "the heap is used where no allocation is allowed");
}

bool HeapRules::must_fail()
{
    if (__atomic_load_n(&plan.remaining, __ATOMIC_RELAXED) == 0)
        return false;
    SpinGuard guard(plan_lock);
    if (plan.remaining == 0 || !plan.concerns_current_thread())
        return false;
    plan.happened = --plan.remaining == 0;
    return plan.happened;
}

bool HeapRules::must_fail_pages()
{
    return __atomic_load_n(&plan.whose, __ATOMIC_RELAXED) != nullptr && must_fail();
}

NoAllocationScope::NoAllocationScope()
{
    ++current_thread()->m_allocations_forbidden;
}

NoAllocationScope::~NoAllocationScope()
{
    --current_thread()->m_allocations_forbidden;
}

void NoAllocationScope::abandon()
{
    current_thread()->m_allocations_forbidden = 0;
}

FailAllocation::FailAllocation(uint64_t n, Who who, int cpu)
{
    SpinGuard guard(plan_lock);
    ASSERT(!plan.in_scope && n > 0);
    plan = {n, who == Who::ThisThread ? current_thread() : nullptr, nullptr, cpu, true, false};
}

FailAllocation::FailAllocation(uint64_t n, Whose whose)
{
    SpinGuard guard(plan_lock);
    ASSERT(!plan.in_scope && n > 0);
    plan = {n, nullptr, whose, -1, true, false};
}

FailAllocation::~FailAllocation()
{
    SpinGuard guard(plan_lock);
    plan = {};
}

bool FailAllocation::happened() const
{
    SpinGuard guard(plan_lock);
    return plan.happened;
}

}
