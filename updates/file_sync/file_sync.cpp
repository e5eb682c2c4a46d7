#include "fcm_file.h"

#include "objects/update.h"

namespace services::v2 {

static const objects::ClassRegistration registration(FCMFile::descriptor);

}

extern "C" kernel::Status module_init()
{
    return objects::update_class(services::v2::FCMFile::descriptor);
}
