// What the kernel knows of a class at run time, and the registry in which it is found by name.
#pragma once

#include <stdint.h>

#include "objects/interface_rules.h"

namespace objects {

struct ClassRecord;
struct KindRecord;

// Static, owned by the kernel or by the module that defines the class; registered while that code is loaded.
struct ClassDescriptor {
    const char* name;
    const char* kind;
    uint64_t version;
    unsigned methods;
    // A root with no state, to be created as an object of its own or to take over another's.
    Result<Root*> (*make_root)();
    // The class of the factories that make and track its instances, null when it has none.
    ClassDescriptor* factory = nullptr;
    // Of all versions of its name; set when it is registered.
    ClassRecord* record = nullptr;
    ClassDescriptor* next = nullptr;
    // Of the interface named by `kind`; set when it is registered.
    KindRecord* interface = nullptr;
};

// Whether both can stand behind the same references.
bool same_kind(const ClassDescriptor& left, const ClassDescriptor& right);

// EXISTS when a class of that name and version is registered, TOO_LARGE for the name, NO_MEMORY when there are too many
// names of classes or kinds.
Status register_class(ClassDescriptor& descriptor);
// Forgets every class whose descriptor lies in [first, end).
void unregister_classes(uint64_t first, uint64_t end);
// Null when that version is not registered.
const ClassDescriptor* find_version(const ClassRecord& record, uint64_t version);
// The newest version of that name, or null.
const ClassDescriptor* find_class(const char* name);
void for_each_class(void (*visit)(const ClassDescriptor&, void*), void* context);

}
