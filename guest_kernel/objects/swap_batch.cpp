#include "objects/swap_batch.h"

#include "kernel/clock.h"
#include "kernel/format.h"
#include "kernel/guarded.h"
#include "kernel/thread.h"
#include "objects/counted_scope.h"
#include "objects/translation_table.h"

namespace objects {

namespace {

constexpr uint64_t make_limit_ns = 1'000'000'000;
// How long to wait for a swap of somebody else's that holds an instance.
constexpr uint64_t busy_interval_ns = kernel::millisecond;

const ClassDescriptor* next_towards(const ClassDescriptor& target, const ClassDescriptor& current)
{
    if (target.version == current.version)
        return &target;
    return find_version(*target.record, current.version + (target.version > current.version ? 1 : -1));
}

// See make_factory of transition.cpp: the frame that a watchdog looks for.
[[gnu::noinline, clang::disable_tail_calls]] Result<HotSwap*> make_and_swap(
    Reference reference, const ClassDescriptor& next, const SwapOptions& options)
{
    CountedScope calls_the_page_allocator;
    kernel::limit_guarded(make_limit_ns);
    kernel::mark_guarded_frame();
    const auto made = next.make_root();
    kernel::limit_guarded(kernel::unlimited_ns);
    return HotSwap::start(reference, kernel::Owned<Root>(TRY(made)), options);
}

}

Status SwapBatch::run(const ReferenceName (&names)[InstanceSet::batch], unsigned count)
{
    HotSwap* swaps[InstanceSet::batch] = {};
    Status starts[InstanceSet::batch];
    bool busy = false;
    for (unsigned i = 0; i < count; ++i) {
        const auto started = start(names[i]);
        starts[i] = started.status();
        if (started.ok())
            swaps[i] = started.value();
        busy = busy || started.code() == Code::BUSY;
    }
    Status first_failure;
    for (unsigned i = 0; i < count; ++i) {
        Status outcome = starts[i];
        if (swaps[i] != nullptr) {
            outcome = swaps[i]->wait();
            swaps[i]->release();
        }
        const Status status = conclude(names[i], outcome);
        if (first_failure.ok())
            first_failure = status;
    }
    if (busy)
        kernel::sleep_until(kernel::now_ns() + busy_interval_ns);
    return first_failure;
}

// Null when it is of the target version already.
Result<HotSwap*> SwapBatch::start(ReferenceName name)
{
    CountedScope keeps_the_root;
    const Reference reference = table().find(name);
    const Root* root = reference == nullptr ? nullptr : table().root(reference);
    if (root == nullptr)
        return Code::GONE;
    const auto& current = root->descriptor();
    if (&current == &m_target) {
        m_set.refile(reference, current);
        return static_cast<HotSwap*>(nullptr);
    }
    const auto* next = next_towards(m_target, current);
    if (next == nullptr)
        return Code::NO_FORMAT;
    SwapOptions options;
    options.time_limit_ns = m_time_limit_ns;
    options.update = m_update;
    return make_and_swap(reference, *next, options);
}

Status SwapBatch::conclude(ReferenceName name, Status outcome)
{
    if (outcome.ok() || outcome.code() == Code::GONE || outcome.code() == Code::BUSY)
        return {};
    if (m_complaint[0] == '\0') {
        kernel::format(m_complaint, sizeof m_complaint, "instance @%u.%u of class %s could not be converted to version %lu",
            name.index, name.sequence, m_target.name, m_target.version);
    }
    m_set.move(name, InstanceList::Failed).ignore();
    return outcome;
}

}
