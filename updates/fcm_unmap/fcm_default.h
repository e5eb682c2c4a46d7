// The optimisation of section 4.3.3: pages that nobody has mapped need not be unmapped.
#pragma once

#include "services/memory/fcm_default.h"

namespace services::v2 {

// All but one method is the old class's own.
class FCMDefault : public v1::FCMDefault {
public:
    static objects::FactoryMadeClass descriptor;

    using v1::FCMDefault::FCMDefault;

protected:
    kernel::Status unmap_page(PageDescriptor& page) override
    {
        return page.mapped ? v1::FCMDefault::unmap_page(page) : kernel::Status();
    }
};

using FCMDefaultRoot = WholeStateRoot<FCMDefault, FileCacheState, FileCache, file_cache_format>;

}
