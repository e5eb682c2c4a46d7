#include "monitor/class_use.h"

namespace monitor {

namespace {

constexpr size_t class_name_size = 96;

}

ClassUse::~ClassUse()
{
    if (m_module != nullptr)
        devices::module_space().unpin(*m_module);
}

Status ClassUse::read(devices::ValueReader& arguments)
{
    char name[class_name_size];
    TRY(arguments.text(name, sizeof name));
    m_descriptor = objects::find_class(name);
    if (m_descriptor == nullptr)
        return Code::NOT_FOUND;
    const auto module = devices::module_space().pin(reinterpret_cast<uint64_t>(m_descriptor));
    if (module.ok())
        m_module = module.value();
    else if (module.code() != Code::NOT_FOUND)
        return module.status();
    return {};
}

}
