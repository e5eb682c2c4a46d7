// The page manager of one process, or of one part of the kernel.
#pragma once

#include "services/memory/page_manager_base.h"

namespace services {

inline namespace v1 {

class PMLeaf : public PageManagerBase {
public:
    static objects::FactoryMadeClass descriptor;

    using PageManagerBase::PageManagerBase;

    kernel::Status attach_manager(objects::Ref<PageManager>) override { return kernel::Code::UNSUPPORTED; }
    kernel::Status detach_manager(objects::Ref<PageManager>) override { return kernel::Code::UNSUPPORTED; }

protected:
    kernel::Result<void*> take_frame(kernel::Ticket* ticket) override;
    kernel::Status return_frame(void* frame) override;
};

using PMLeafRoot = WholeStateRoot<PMLeaf, PageManagerState, PageManager, page_manager_format>;

}

}
