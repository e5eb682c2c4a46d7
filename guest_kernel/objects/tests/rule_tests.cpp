// Who may call through a reference, and what a transfer may do: each test breaks one rule and is to end in a panic.

#include "arch/ppc64/percpu.h"
#include "kernel/test.h"
#include "objects/tests/probe.h"

namespace objects::tests {

namespace {

// Its first call is a miss, where the rules are checked.
Ref<Probe> make_probe()
{
    CountedScope scope;
    auto probe = create<ProbeRoot<1>>();
    EXPECT(probe.ok());
    return probe.value();
}

kernel::Test exception{"panic.object_called_at_exception_level", [] {
    auto probe = make_probe();
    CountedScope scope;
    kernel::IrqGuard guard;
    ++arch::this_cpu().exception_depth;
    EXPECT(probe->version().ok());
    --arch::this_cpu().exception_depth;
}};

kernel::Test spin_lock{"panic.object_called_with_a_spin_lock", [] {
    auto probe = make_probe();
    CountedScope scope;
    kernel::SpinLock lock;
    kernel::SpinGuard guard(lock);
    EXPECT(probe->version().ok());
}};

kernel::Test preemption{"panic.object_called_without_preemption", [] {
    auto probe = make_probe();
    CountedScope scope;
    kernel::preempt_disable();
    EXPECT(probe->version().ok());
    kernel::preempt_enable();
}};

kernel::Test uncounted{"panic.object_called_by_an_uncounted_thread", [] {
    auto probe = make_probe();
    EXPECT(probe->version().ok());
}};

class AllocatingRoot final : public SharedRoot<ProbeRep<1>> {
public:
    FormatList exports() const override { return FormatList::of(probe_formats); }
    Status export_state(const Format&, TransferSite, TransferArena&) const override
    {
        kernel::deallocate(kernel::allocate(16, kernel::Tag::Test));
        return {};
    }
};

kernel::Test allocates{"panic.export_that_allocates", [] {
    Result<HotSwap*> swap = Code::CANCELLED;
    {
        CountedScope scope;
        auto reference = publish(kernel::Owned<Root>(kernel::make<AllocatingRoot>(kernel::Tag::Test)));
        swap = swap_to<2>(reference.value());
    }
    EXPECT(swap.value()->wait().ok());
    swap.value()->release();
}};

}

}
