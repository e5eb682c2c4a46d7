// Code or data that is to be used, and whose module must stay meanwhile.
#pragma once

#include "devices/module_space.h"

namespace monitor {

// From something that was found in a registry to the end of its use, nothing else keeps its module from being unloaded.
class PinnedText {
public:
    PinnedText() = default;
    ~PinnedText()
    {
        if (m_module != nullptr)
            devices::module_space().unpin(*m_module);
    }
    PinnedText(const PinnedText&) = delete;
    PinnedText& operator=(const PinnedText&) = delete;

    // GONE when its module is being unloaded. Once, and for the counted thread that has found it.
    kernel::Status pin(const void* address)
    {
        const auto module = devices::module_space().pin(reinterpret_cast<uint64_t>(address));
        if (module.ok())
            m_module = module.value();
        else if (module.code() != kernel::Code::NOT_FOUND)
            return module.status();
        return {};
    }

private:
    // Null for what is the kernel's.
    devices::Module* m_module = nullptr;
};

}
