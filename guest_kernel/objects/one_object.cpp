#include "objects/one_object.h"

#include "kernel/guarded.h"
#include "objects/adaptors.h"
#include "objects/class_limit.h"
#include "objects/counted_scope.h"

namespace objects {

namespace {

Result<Root*> make_replacement(const ClassDescriptor& replacement)
{
    CountedScope calls_the_page_allocator;
    const kernel::GuardLimit class_limit(class_limit_ns);
    const kernel::GuardedFrame calls_the_class;
    return replacement.make_root();
}

}

Result<Reference> swap_one(Reference reference, const ClassDescriptor& replacement, const SwapOptions& options)
{
    kernel::Owned<Root> root(TRY(make_replacement(replacement)));
    HotSwap* swap = TRY(HotSwap::start(reference, static_cast<kernel::Owned<Root>&&>(root), options));
    const Status outcome = swap->wait();
    const Reference now = swap->reference_now();
    swap->release();
    // What has been updated may have been the last caller of an old interface.
    adaptors().look_again();
    if (!outcome.ok())
        return outcome;
    return now;
}

}
