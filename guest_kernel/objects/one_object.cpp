#include "objects/one_object.h"

#include "objects/counted_scope.h"
#include "objects/hot_swap.h"

namespace objects {

namespace {

Result<Root*> make_replacement(const ClassDescriptor& replacement)
{
    CountedScope calls_the_page_allocator;
    return replacement.make_root();
}

}

Status swap_one(Reference reference, const ClassDescriptor& replacement, uint64_t update, const AdaptorPlan* adaptor)
{
    SwapOptions options;
    options.update = update;
    options.adaptor = adaptor;
    kernel::Owned<Root> root(TRY(make_replacement(replacement)));
    HotSwap* swap = TRY(HotSwap::start(reference, static_cast<kernel::Owned<Root>&&>(root), options));
    const Status outcome = swap->wait();
    swap->release();
    return outcome;
}

}
