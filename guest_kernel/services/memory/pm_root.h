// The root of the tree of page managers: it has its pages from the kernel's page allocator.
#pragma once

#include "services/memory/page_manager_base.h"

namespace services {

inline namespace v1 {

class PMRoot : public PageManagerBase {
public:
    static objects::FactoryMadeClass descriptor;

    using PageManagerBase::PageManagerBase;

protected:
    kernel::Result<void*> take_frame(kernel::Ticket* ticket) override;
    kernel::Status return_frame(void* frame) override;
};

using PMRootRoot = WholeStateRoot<PMRoot, PageManagerState, PageManager, page_manager_format>;

}

}
