#include "objects/promoted_swap.h"

#include "kernel/guarded.h"
#include "kernel/thread.h"
#include "objects/adaptors.h"
#include "objects/counted_scope.h"
#include "objects/guarded_task.h"
#include "objects/instance_set.h"
#include "objects/lazy.h"

namespace objects {

namespace {

// What a swap needs of its class before it runs.
class StartSwap final : public GuardedTask {
public:
    StartSwap(Reference reference, const ClassDescriptor& from, const ClassDescriptor& next, const SwapOptions& options)
        : m_reference(reference), m_from(from), m_next(next), m_options(options) {}

    Status run() override
    {
        CountedScope calls_the_page_allocator;
        kernel::current_thread()->converts = true;
        const kernel::GuardedFrame calls_the_class;
        kernel::Owned<Root> root(TRY(m_next.make_root()));
        SwapOptions options = m_options;
        options.group = TRY(group());
        m_swap = TRY(HotSwap::start(m_reference, static_cast<kernel::Owned<Root>&&>(root), options));
        return {};
    }
    void finish(Status status) override { m_status = status; }

    HotSwap* swap() const { return m_swap; }
    Status status() const { return m_status; }

private:
    // Null when the interface stays what it is.
    Result<AdaptorGroup*> group() const
    {
        if (m_next.interface == m_from.interface)
            return nullptr;
        AdaptorGroup* found = adaptors().find(*m_from.record, *m_from.interface, *m_next.interface);
        if (found == nullptr)
            return Code::UNSUPPORTED;
        return found;
    }

    Reference m_reference;
    const ClassDescriptor& m_from;
    const ClassDescriptor& m_next;
    const SwapOptions& m_options;
    HotSwap* m_swap = nullptr;
    Status m_status;
};

void fail(ClassRecord& record, ReferenceName name, Code reason)
{
    if (record.instance_set()->move(name, InstanceList::Failed).ok())
        record.lazy.count_failed(reason);
}

}

HotSwap* start_promoted_swap(ClassRecord& record, ReferenceName name, const SwapOptions& options, unsigned priority)
{
    CountedScope keeps_root_and_entry;
    const Reference reference = table().find(name);
    const Root* root = reference == nullptr ? nullptr : table().root(reference);
    if (root == nullptr)
        return nullptr;
    const auto& aim = *record.current_version();
    if (&root->descriptor() == &aim) {
        record.instance_set()->refile(reference, aim);
        return nullptr;
    }
    const auto* next = next_towards(root->descriptor(), aim);
    if (next == nullptr) {
        fail(record, name, Code::VERSION);
        return nullptr;
    }
    StartSwap start(reference, root->descriptor(), *next, options);
    run_guarded_task(start, priority, options.time_limit_ns);
    if (!start.status().ok() && start.status().code() != Code::BUSY && start.status().code() != Code::GONE)
        fail(record, name, start.status().code());
    return start.swap();
}

namespace {

// Whether the swap was a step on the way to what the factory makes now. The aim may have changed meanwhile: then somebody
// else has the instance on a list, and how the swap ended does not matter.
bool led_to_the_aim(const ClassRecord& record, ReferenceName name, const ClassDescriptor& next)
{
    const Reference reference = table().find(name);
    const Root* root = reference == nullptr ? nullptr : table().root(reference);
    const auto* aim = record.current_version();
    if (root == nullptr || aim == nullptr || &root->descriptor() == aim)
        return false;
    return next_towards(root->descriptor(), *aim) == &next;
}

}

// Counted from before it looks at the aim: whoever changes that looks once more at what has failed by then.
bool end_promoted_swap(ClassRecord& record, ReferenceName name, HotSwap& swap)
{
    const Status outcome = swap.wait();
    const auto& reached = swap.new_class();
    const Reference now = swap.reference_now();
    swap.release();
    CountedScope keeps_the_entry;
    if (!outcome.ok()) {
        if (led_to_the_aim(record, name, reached))
            fail(record, name, outcome.code());
    } else if (&reached == record.current_version()) {
        record.lazy.count_converted();
    } else if (const Root* root = table().root(now); root != nullptr && root->descriptor().record == &record) {
        record.instance_set()->move(table().name(now), InstanceList::Promoted).ignore();
    }
    return true;
}

}
