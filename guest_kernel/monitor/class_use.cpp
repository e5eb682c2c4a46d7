#include "monitor/class_use.h"

namespace monitor {

namespace {

constexpr size_t class_name_size = 96;

}

Status ClassUse::read(devices::ValueReader& arguments)
{
    char name[class_name_size];
    TRY(arguments.text(name, sizeof name));
    m_descriptor = objects::find_class(name);
    if (m_descriptor == nullptr)
        return Code::NOT_FOUND;
    return m_text.pin(m_descriptor);
}

}
