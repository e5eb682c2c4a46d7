#include "objects/names.h"

#include "kernel/spinlock.h"
#include "kernel/text.h"
#include "objects/translation_table.h"

namespace objects {

namespace {

struct Name {
    char text[name_size] = {};
    Reference reference = nullptr;
    // The object's, which its successor in the same entry does not have.
    uint32_t sequence = 0;

    // The name of an object that is gone is free.
    bool given() const
    {
        return reference != nullptr && table().find({table().index(reference), sequence}) != nullptr;
    }
};

// Guards the names. Taken before the lock of an entry.
kernel::SpinLock names_lock;
Name names[max_names];

Name* find(const char* text)
{
    for (auto& name : names) {
        if (kernel::equal(name.text, text) && name.given())
            return &name;
    }
    return nullptr;
}

bool leads_to(const Name& name, Reference reference)
{
    return name.reference != nullptr && (name.reference == reference || table().canonical(name.reference) == reference);
}

Name* find_free()
{
    for (auto& name : names) {
        if (!name.given())
            return &name;
    }
    return nullptr;
}

}

Status give_name(const char* text, Reference reference)
{
    if (kernel::length(text) >= name_size)
        return Code::TOO_LARGE;
    kernel::SpinGuard guard(names_lock);
    if (find(text) != nullptr)
        return Code::EXISTS;
    auto* name = find_free();
    if (name == nullptr)
        return Code::NO_MEMORY;
    kernel::copy_text(name->text, name_size, text);
    name->reference = reference;
    name->sequence = table().name(reference).sequence;
    return {};
}

void forget_name(const char* text)
{
    kernel::SpinGuard guard(names_lock);
    if (auto* name = find(text))
        name->reference = nullptr;
}

void move_name(Reference from, Reference to)
{
    kernel::SpinGuard guard(names_lock);
    for (auto& name : names) {
        if (name.reference == from && name.given()) {
            name.reference = to;
            name.sequence = table().name(to).sequence;
        }
    }
}

Reference find_name(const char* text)
{
    kernel::SpinGuard guard(names_lock);
    auto* name = find(text);
    return name == nullptr ? nullptr : name->reference;
}

void name_of(Reference reference, char* out)
{
    kernel::SpinGuard guard(names_lock);
    out[0] = '\0';
    for (const auto& name : names) {
        // Whether it is given at all takes a lock, so that is asked last.
        if (leads_to(name, reference) && name.given())
            kernel::copy_text(out, name_size, name.text);
    }
}

}
