// How people and the host name an object: its well-known name, or "@index.sequence".
#pragma once

#include "devices/value_stream.h"
#include "objects/names.h"
#include "objects/translation_table.h"

namespace monitor {

using kernel::Code;
using kernel::Result;
using kernel::Status;

// The name, or the index and sequence, of a reference; for an object that is gone, what its entry was last used for.
class ReferenceText {
public:
    explicit ReferenceText(objects::Reference reference);
    const char* text() const { return m_text; }

private:
    char m_text[objects::name_size];
};

// "@index.sequence" of the reference, whether it has a name or not.
class NumberText {
public:
    explicit NumberText(objects::Reference reference);
    const char* text() const { return m_text; }

private:
    char m_text[objects::name_size];
};

// Reads a text that names an object which lives or has lived. NOT_FOUND, or INVALID when it is no such text.
Result<objects::ReferenceName> read_reference_name(devices::ValueReader& arguments);
// The same for an object that lives now. For counted threads.
Result<objects::Reference> read_reference(devices::ValueReader& arguments);

}
