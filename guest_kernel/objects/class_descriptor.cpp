#include "objects/class_descriptor.h"

#include "kernel/spinlock.h"
#include "kernel/text.h"
#include "objects/class_record.h"

namespace objects {

namespace {

// Guards the list. Innermost: nothing else is locked under it.
kernel::SpinLock registry_lock;
ClassDescriptor* registered = nullptr;

}

bool same_kind(const ClassDescriptor& left, const ClassDescriptor& right)
{
    // Records of kinds stay, one for each name; what was never registered has none.
    if (left.interface != nullptr && left.interface == right.interface)
        return true;
    return kernel::equal(left.kind, right.kind);
}

Status register_class(ClassDescriptor& descriptor)
{
    auto* kind = TRY(kind_of(descriptor.kind));
    auto* record = TRY(record_of(descriptor.name, *kind));
    kernel::SpinGuard guard(registry_lock);
    for (auto* other = registered; other != nullptr; other = other->next) {
        if (kernel::equal(other->name, descriptor.name) && other->version == descriptor.version)
            return Code::EXISTS;
    }
    descriptor.record = record;
    descriptor.interface = kind;
    descriptor.next = registered;
    registered = &descriptor;
    return {};
}

void unregister_classes(uint64_t first, uint64_t end)
{
    kernel::SpinGuard guard(registry_lock);
    for (auto** link = &registered; *link != nullptr;) {
        const auto address = reinterpret_cast<uint64_t>(*link);
        if (address >= first && address < end)
            *link = (*link)->next;
        else
            link = &(*link)->next;
    }
}

const ClassDescriptor* find_version(const ClassRecord& record, uint64_t version)
{
    kernel::SpinGuard guard(registry_lock);
    auto* descriptor = registered;
    while (descriptor != nullptr && (descriptor->record != &record || descriptor->version != version))
        descriptor = descriptor->next;
    return descriptor;
}

const ClassDescriptor* find_class(const char* name)
{
    kernel::SpinGuard guard(registry_lock);
    const ClassDescriptor* newest = nullptr;
    for (auto* candidate = registered; candidate != nullptr; candidate = candidate->next) {
        if (kernel::equal(candidate->name, name) && (newest == nullptr || candidate->version > newest->version))
            newest = candidate;
    }
    return newest;
}

void for_each_class(void (*visit)(const ClassDescriptor&, void*), void* context)
{
    kernel::SpinGuard guard(registry_lock);
    for (auto* descriptor = registered; descriptor != nullptr; descriptor = descriptor->next)
        visit(*descriptor, context);
}

}
