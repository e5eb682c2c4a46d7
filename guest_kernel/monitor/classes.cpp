// Which classes are registered, and how many objects each has.

#include "devices/mailbox.h"
#include "kernel/init.h"
#include "monitor/module_of.h"
#include "objects/class_descriptor.h"
#include "objects/counted_scope.h"
#include "objects/translation_table.h"

namespace monitor {

namespace {

using objects::ClassDescriptor;
using kernel::Status;

// Collected under the registry's lock, counted afterwards.
struct Classes {
    static constexpr unsigned capacity = 128;
    const ClassDescriptor* descriptors[capacity];
    unsigned count = 0;
};

void note(const ClassDescriptor& descriptor, void* context)
{
    auto& classes = *static_cast<Classes*>(context);
    if (classes.count < Classes::capacity)
        classes.descriptors[classes.count++] = &descriptor;
}

uint64_t instances(const ClassDescriptor& descriptor)
{
    uint64_t count = 0;
    auto& table = objects::table();
    for (uint32_t index = 1; index < table.high_water(); ++index) {
        const objects::Root* root = table.root(table.at(index));
        count += root != nullptr && &root->descriptor() == &descriptor;
    }
    return count;
}

Status list_classes(devices::ValueReader&, devices::ValueWriter& result)
{
    // Modules, and with them their descriptors, are freed a generation after their classes were unregistered.
    objects::CountedScope keeps_descriptors;
    Classes classes;
    objects::for_each_class(note, &classes);
    for (unsigned i = 0; i < classes.count; ++i) {
        const ClassDescriptor& descriptor = *classes.descriptors[i];
        result.begin_list();
        result.text(descriptor.name);
        result.number(descriptor.version);
        result.number(instances(descriptor));
        result.number(module_of(&descriptor));
        result.end_list();
    }
    return {};
}

Status start() { return devices::mailbox::register_handler(abi::Operation::CLASSES, list_classes); }

[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction init{kernel::InitStage::Monitor,
                                                                                  "monitor.classes", start};

}

}
