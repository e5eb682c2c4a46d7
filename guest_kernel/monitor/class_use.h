// A class that is to be used, and whose module must stay meanwhile.
#pragma once

#include "devices/value_stream.h"
#include "monitor/pinned_text.h"
#include "objects/class_descriptor.h"

namespace monitor {

using kernel::Code;
using kernel::Status;

// From the name of a class to an object of it: until the table holds the object, nothing else keeps the module that
// brought the class from being unloaded. For counted threads.
class ClassUse {
public:
    // Reads a name and finds the newest class that has it. NOT_FOUND, or GONE when its module is being unloaded.
    Status read(devices::ValueReader& arguments);
    const objects::ClassDescriptor& descriptor() const { return *m_descriptor; }

private:
    const objects::ClassDescriptor* m_descriptor = nullptr;
    PinnedText m_text;
};

}
