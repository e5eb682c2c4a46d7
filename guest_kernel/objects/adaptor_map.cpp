#include "objects/adaptor_map.h"

#include "kernel/panic.h"
#include "objects/adaptor_face.h"

namespace objects {

namespace {

constexpr size_t stub_size = 8;

unsigned stub_number(const char* stubs, const void* code)
{
    const auto offset = static_cast<size_t>(static_cast<const char*>(code) - stubs);
    return offset < max_methods * stub_size ? static_cast<unsigned>(offset / stub_size) : AdaptorMap::no_method;
}

}

unsigned AdaptorMap::forwarded_to(unsigned method) const
{
    return stub_number(objects_forward_stubs, m_slots[method]);
}

void AdaptorMap::add(const void* code)
{
    kernel::check(m_methods < max_methods, "an adaptor's map has more methods than an interface");
    m_slots[m_methods++] = code;
}

void AdaptorMap::add_forward(unsigned new_method)
{
    add(objects_forward_stubs + new_method * stub_size);
}

void AdaptorMap::add_handler(const void* code)
{
    add(code);
}

void AdaptorMap::compose(const AdaptorMap& first, const AdaptorMap& second)
{
    m_methods = 0;
    for (unsigned method = 0; method < first.methods(); ++method) {
        const unsigned middle = first.forwarded_to(method);
        if (middle == no_method)
            add(first.m_slots[method]);
        else if (const unsigned last = second.forwarded_to(middle); last != no_method)
            add_forward(last);
        else
            add(objects_relay_stubs + middle * stub_size);
    }
}

void AdaptorMap::make_identity(unsigned methods)
{
    m_methods = 0;
    for (unsigned method = 0; method < methods; ++method)
        add_forward(method);
}

}
