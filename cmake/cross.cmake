# What the toolchains of this folder share: for another architecture, MACHINE as gcc calls it, by Debian's cross compiler
# and its libraries of that architecture (dpkg --add-architecture). What is built runs under qemu-user where that is
# installed, and so do the tests.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR ${MACHINE})
set(CMAKE_C_COMPILER ${MACHINE}-linux-gnu-gcc)
set(CMAKE_LIBRARY_ARCHITECTURE ${MACHINE}-linux-gnu)
set(ENV{PKG_CONFIG_LIBDIR} /usr/lib/${MACHINE}-linux-gnu/pkgconfig:/usr/share/pkgconfig)
find_program(PINNACE_QEMU NAMES qemu-${MACHINE}-static qemu-${MACHINE})
if(PINNACE_QEMU)
  set(CMAKE_CROSSCOMPILING_EMULATOR ${PINNACE_QEMU})
endif()
