// Objects of three kinds, made and ended many times over: by their factories, where the kernel has any.

#include "dummy.h"
#include "kernel/command.h"
#include "kernel/generation.h"
#include "kernel/heap.h"
#include "kernel/thread.h"
#include "measure.h"
#include "objects/lifetime.h"
#include "services/memory/memory.h"
#include "services/process/make_process.h"

namespace bench {

namespace {

using kernel::Code;
using kernel::Result;
using kernel::Status;
using objects::Reference;

// That many at a time: then they are ended, and the dead are freed, which is not measured.
constexpr uint64_t batch = 32;

struct Maker {
    const char* create;
    const char* destroy;
    Result<Reference> (*make)(objects::Ref<services::PageManager> manager);
    Status (*end)(Reference made);
};

template <typename Interface>
Result<Reference> reference_of(const Result<objects::Ref<Interface>>& made)
{
    return TRY(made).reference();
}

const Maker dummies = {"dummy.create", "dummy.destroy",
    [](auto) { return reference_of(objects::create<DummyRoot>({1})); }, objects::destroy};

const Maker makers[] = {
    {"none.create", "none.destroy", [](auto) -> Result<Reference> { return nullptr; }, [](Reference) { return Status(); }},
    dummies,
    {"fcm.create", "fcm.destroy",
        [](objects::Ref<services::PageManager> manager) { return reference_of(services::make_anonymous_cache(manager)); },
        [](Reference made) {
            return services::destroy_cache(objects::Ref<services::FileCache>(made), &kernel::current_thread()->ticket());
        }},
    {"process.create", "process.destroy",
        [](objects::Ref<services::PageManager> manager) { return reference_of(services::make_process(manager)); },
        [](Reference made) { return services::destroy_process(objects::Ref<services::Process>(made)); }},
};

Status measure_batch(const Maker& maker, objects::Ref<services::PageManager> manager, uint64_t count)
{
    Reference made[batch];
    put_off_timer();
    begin(maker.create);
    for (uint64_t i = 0; i < count; ++i)
        made[i] = TRY(maker.make(manager));
    end();
    put_off_timer();
    begin(maker.destroy);
    for (uint64_t i = 0; i < count; ++i)
        TRY(maker.end(made[i]));
    end();
    return {};
}

// For a thread that is outside every object: what it has destroyed is gone when this returns, and the heap is as it was,
// so that every batch finds the same.
void bury()
{
    kernel::leave_generation();
    objects::drain_dead_objects();
    kernel::enter_generation();
    kernel::drain_heap();
}

Status measure_maker(const Maker& maker, uint64_t times)
{
    const auto root = services::root_page_manager();
    const auto manager = TRY(services::make_page_manager(root, 0));
    for (uint64_t left = times; left != 0;) {
        const uint64_t count = left < batch ? left : batch;
        TRY(measure_batch(maker, manager, count));
        bury();
        left -= count;
    }
    TRY(services::destroy_page_manager(manager, root));
    return {};
}

Status measure_makers(uint64_t times)
{
    for (const auto& maker : makers) {
        // What is made for the first time takes memory that is there from then on.
        TRY(measure_maker(maker, batch));
        TRY(measure_maker(maker, times));
    }
    return {};
}

Status measure_dummies(uint64_t times)
{
    return measure_maker(dummies, times);
}

const kernel::Command command{"bench-factories", "measures making and ending objects", [](const char* words) -> Status {
    return run_undisturbed(measure_makers, TRY(times_in(words)));
}};

const kernel::Command dummies_alone{
    "bench-dummies", "makes and ends objects of a number", [](const char* words) -> Status {
        return run_undisturbed(measure_dummies, TRY(times_in(words)));
    }};

}

}
