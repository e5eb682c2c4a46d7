// Hot-swaps in tests.
#pragma once

#include "kernel/owned.h"
#include "kernel/test.h"
#include "objects/counted_scope.h"
#include "objects/hot_swap.h"

namespace services::tests {

// Replaces the object by one of that root type, which takes over its state.
template <typename RootType>
void replace(objects::Reference reference)
{
    kernel::Owned<objects::Root> root;
    {
        objects::CountedScope scope;
        root = kernel::Owned<objects::Root>(kernel::make<RootType>(kernel::Tag::Object));
    }
    const auto swap = objects::HotSwap::start(reference, static_cast<kernel::Owned<objects::Root>&&>(root));
    EXPECT(swap.ok());
    if (!swap.ok())
        return;
    EXPECT(swap.value()->wait().ok());
    swap.value()->release();
}

}
