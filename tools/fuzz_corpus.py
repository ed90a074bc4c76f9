#!/usr/bin/env python3
"""Writes fuzz/corpus: what the fuzz targets start from, which tests/files.rs replays.

    python3 tools/fuzz_corpus.py

Files named `good-` are by NumPy, or by the package safetensors, and are read; those named `bad-` are hostile and refused.
Those named `found-` were found by the fuzz targets, and stay as they are.
"""

import io
import json
import pathlib
import shutil
import struct
import zipfile
import zlib

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUT = ROOT / "fuzz/corpus"
HUGE, MOST = 2**60, 2**63 - 1


def write(name, content):
    path = OUT / pathlib.Path(name).suffix[1:] / name if "." in name else OUT / "text" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def npy(array, version=None):
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asanyarray(array), version, allow_pickle=False)
    return file.getvalue()


def raw(descr="'<f4'", shape="(2,)", data=bytes(8), order="False", version=1, header=None):
    text = header if header is not None else f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n"
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", len(text)) + text.encode() + data


def npy_files():
    ramp = np.arange(-3, 9).reshape(3, 4)
    for code in ("b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16"):
        for name, order in {"little": "<", "big": ">"}.items():
            array = (ramp * (1 + 0.5j) if code[0] == "c" else ramp).astype(order + code)
            write(f"good-{name}-{code}.npy", npy(array))
            write(f"good-{name}-columns-{code}.npy", npy(np.asfortranarray(array)))
    write("good-three-axes.npy", npy(np.asfortranarray(np.arange(24, dtype=">u2").reshape(2, 3, 4))))
    write("good-single.npy", npy(np.array(7, "<i4")))
    write("good-empty.npy", npy(np.zeros((2, 0, 3), "<f8")))
    write("good-special.npy", npy(np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324], "<f8")))
    write("good-version-2.npy", npy(np.arange(3, dtype="<i4"), (2, 0)))
    write("good-version-3.npy", npy(np.arange(3, dtype="<i4"), (3, 0)))
    write("good-python-2.npy", raw(header="{ \"shape\" : ( 2L ,) , 'descr':u'<i4','fortran_order':False }"))
    write("good-many-axes.npy", raw(shape=f"({'1, ' * 64})", data=bytes(4)))

    whole = npy(ramp.astype("<f4"))
    write("bad-nothing.npy", b"")
    write("bad-magic.npy", b"\x93NUMBY" + whole[6:])
    write("bad-version.npy", b"\x93NUMPY\x09\x00" + whole[8:])
    write("bad-header-cut.npy", whole[:40])
    write("bad-data-cut.npy", whole[:-1])
    write("bad-header-of-10001.npy", raw(header=" " * 10_001, version=2))
    write("bad-header-of-4-gib.npy", b"\x93NUMPY\x02\x00\xff\xff\xff\xff{}")
    write("bad-header-of-brackets.npy", raw(header="(" * 9_000))
    write("bad-header-of-one-key.npy", raw(header="{'" + "k" * 9_000 + "': True}"))
    write("bad-header-no-text.npy", raw(header="{'descr': '<f4', '\xff").replace(b"\xc3", b"\xff"))
    write("bad-header-twice.npy", raw(header="{'shape': (), 'shape': ()}"))
    write("bad-header-goes-on.npy", raw(header="{'descr': '<f4', 'fortran_order': False, 'shape': (2,), } {}"))
    write("bad-order.npy", raw(order="1"))
    write("bad-promises.npy", raw(shape=f"({HUGE},)"))
    write("bad-promises-columns.npy", raw(shape=f"({HUGE}, 1)", order="True"))
    write("bad-overflow.npy", raw(shape="(4294967296, 4294967296)"))
    write("bad-overflow-to-0.npy", raw(descr="'<f8'", shape="(4611686018427387904, 4)"))
    write("bad-bytes-overflow.npy", raw(descr="'<f8'", shape=f"({MOST},)"))
    write("bad-extent.npy", raw(shape="(99999999999999999999,)"))
    write("bad-extent-beside-0.npy", raw(shape=f"(0, {MOST + 1})"))
    write("bad-negative.npy", raw(shape="(-1,)"))
    write("bad-axes.npy", raw(shape=f"({'1, ' * 65})", data=bytes(4)))
    write("bad-axes-3000.npy", raw(shape=f"(2, {'1,' * 3000})", order="True"))
    write("bad-shape.npy", raw(shape="2"))
    write("bad-shape-of-text.npy", raw(shape="('2',)"))
    write("bad-object.npy", raw(descr="'|O'"))
    write("bad-object-pickled.npy", raw(descr="'|O'", shape="(1,)", data=b"\x80\x04K\x01."))
    write("bad-record.npy", raw(descr="[('a', '<f4')]"))
    write("bad-text-dtype.npy", raw(descr="'<U2'"))
    write("bad-long-complex.npy", raw(descr="'<c32'"))
    write("bad-long-dtype.npy", raw(descr="'<" + "f" * 9_000 + "'"))


def npz(files, method=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return file.getvalue()


def claims(archive, size):
    """The archive, whose directory says that its one file has this size."""
    at = archive.rindex(b"PK\x01\x02")
    return archive[: at + 24] + struct.pack("<I", size) + archive[at + 28 :]


def overlapping(count):
    """An archive whose files are all the same bytes: what they inflate to, so many times."""
    content = npy(np.zeros(1 << 16, "<f4"))
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = deflate.compress(content) + deflate.flush()
    fields = struct.pack("<HHHHHIII", 20, 0, 8, 0, 33, zlib.crc32(content), len(packed), len(content))
    local = b"PK\x03\x04" + fields + struct.pack("<HH", 5, 0) + b"a.npy" + packed
    directory = b"".join(
        b"PK\x01\x02" + struct.pack("<H", 20) + fields + struct.pack("<HHHHHII", 5, 0, 0, 0, 0, 0, 0) + bytes([97 + n]) + b".npy"
        for n in range(count)
    )
    return local + directory + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), len(local), 0)


def npz_files():
    arrays = {"rows.npy": npy(np.arange(6, dtype="<f4").reshape(2, 3)), "single.npy": npy(np.array(True)), "z.npy": npy(np.array([1 + 2j]))}
    good = npy(np.array([1, 2], "<i4"))
    zeros = npy(np.zeros(1 << 16, "<f4"))
    deflated = zipfile.ZIP_DEFLATED
    write("good-stored.npz", npz(arrays))
    write("good-deflated.npz", npz(arrays, deflated))
    write("good-none.npz", npz({}))
    write("good-names.npz", npz({"a/b \u00fc.npy": good, "../c.npy": good, ".npy": good}))
    write("good-zeros.npz", npz({"zeros.npy": zeros}, deflated))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", deflated) as archive, archive.open("x.npy", "w", force_zip64=True) as x:
        x.write(good)
    write("good-long-numbers.npz", file.getvalue())
    write("good-comment.npz", npz({"x.npy": good})[:-2] + b"\x05\0hello")
    write("good-behind-text.npz", b"#!/bin/sh\n" + npz({"x.npy": good}))

    whole = npz(arrays)
    directory = whole.rindex(b"PK\x05\x06")
    write("bad-nothing.npz", b"")
    write("bad-no-zip.npz", b"\x93NUMPY and no zip")
    write("bad-cut.npz", whole[:-1])
    write("bad-beginning-cut.npz", whole[100:])
    write("bad-other-file.npz", npz({"x.txt": b"hello"}))
    write("bad-folder.npz", npz({"x.npy/": b""}))
    write("bad-magic.npz", npz({"x.npy": b"hello hello"}))
    write("bad-object.npz", npz({"x.npy": raw(descr="'|O'")}))
    write("bad-data-cut.npz", npz({"x.npy": good[:-1]}))
    write("bad-goes-on.npz", npz({"x.npy": good + b"\0"}))
    write("bad-promises.npz", npz({"x.npy": raw(shape=f"({HUGE},)")}, deflated))
    write("bad-overflow.npz", npz({"x.npy": raw(shape="(4294967296, 4294967296)")}))
    write("bad-negative.npz", npz({"x.npy": raw(shape="(-1,)")}))
    write("bad-header.npz", npz({"x.npy": b"\x93NUMPY\x02\x00\xff\xff\xff\x7f{"}))
    write("bad-checksum.npz", npz({"x.npy": good}).replace(b"\1\0\0\0\2\0\0\0", b"\1\0\0\0\3\0\0\0"))
    write("bad-method.npz", npz({"x.npy": good}, zipfile.ZIP_BZIP2))
    write("bad-encrypted.npz", whole.replace(b"PK\x03\x04\x14\x00\x00", b"PK\x03\x04\x14\x00\x01").replace(b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01"))
    write("bad-bomb-stored-claims.npz", claims(npz({"x.npy": good}), MOST >> 32))
    write("bad-bomb-deflated-claims.npz", claims(npz({"x.npy": zeros}, deflated), MOST >> 32))
    write("bad-bomb-more-than-claimed.npz", claims(npz({"x.npy": zeros}, deflated), 200))
    write("bad-bomb-overlapping.npz", overlapping(26))
    write("bad-bomb-of-directory.npz", whole[:directory] + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 65535, 65535, 0, 0, 0))
    record = struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, 1 << 40, 1 << 40, 0, 1 << 41)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, directory, 1)
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 65535, 65535, 2**32 - 1, 2**32 - 1, 0)
    write("bad-bomb-of-long-directory.npz", whole[:directory] + record + locator + end)
    write("bad-long-name.npz", npz({"n" * 9_000: good}))


def tensors(header, data=b""):
    text = header if isinstance(header, str) else json.dumps(header, separators=(",", ":"))
    return struct.pack("<Q", len(text.encode())) + text.encode() + data


def one(dtype="F32", shape=(2,), offsets=(0, 8), name="x", data=bytes(8)):
    return tensors({name: {"dtype": dtype, "shape": shape, "data_offsets": offsets}}, data)


def safetensors_files():
    (OUT / "safetensors").mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "tests/data/arrays.safetensors", OUT / "safetensors/good-package.safetensors")
    for dtype, size in {"BOOL": 1, "U8": 1, "I8": 1, "I16": 2, "U16": 2, "F16": 2, "BF16": 2, "I32": 4, "U32": 4, "F32": 4, "F64": 8, "I64": 8, "U64": 8, "C64": 8}.items():
        write(f"good-{dtype}.safetensors".lower(), one(dtype, [2, 2], [0, 4 * size], data=bytes(range(4 * size)) if size > 1 else bytes([0, 1, 1, 0])))
    write("good-none.safetensors", tensors({}))
    write("good-metadata.safetensors", tensors({"__metadata__": {"made": "by hand"}}))
    write("good-several.safetensors", tensors({"b": {"dtype": "I16", "shape": [], "data_offsets": [8, 10]}, "a": {"dtype": "F64", "shape": [1, 1], "data_offsets": [0, 8]}}, bytes(10)))

    write("bad-nothing.safetensors", b"")
    write("bad-short.safetensors", b"tiny")
    write("bad-header-of-2-64.safetensors", b"\xff" * 16)
    write("bad-header-beyond.safetensors", struct.pack("<Q", 9) + b"{}")
    write("bad-no-json.safetensors", tensors('{"x":'))
    write("bad-list.safetensors", tensors("[]"))
    write("bad-nested.safetensors", tensors('{"x":' * 10_000))
    write("bad-no-text.safetensors", struct.pack("<Q", 6) + b'{"\xff":0')
    write("bad-dtype.safetensors", one("F8_E4M3", [8]))
    write("bad-long-dtype.safetensors", one("F" * 9_000))
    write("bad-object.safetensors", one("O", [1]))
    write("bad-no-shape.safetensors", tensors({"x": {"dtype": "F32", "data_offsets": [0, 8]}}, bytes(8)))
    write("bad-promises.safetensors", one(shape=[HUGE]))
    write("bad-promises-bytes.safetensors", one(shape=[HUGE], offsets=[0, 4 * HUGE]))
    write("bad-overflow.safetensors", one(shape=[4294967296, 4294967296]))
    write("bad-overflow-to-0.safetensors", one("F64", [4611686018427387904, 4], [0, 0], data=b""))
    write("bad-extent.safetensors", one(shape=[MOST + 1]))
    write("bad-extent-beside-0.safetensors", one(shape=[0, MOST + 1], offsets=[0, 0], data=b""))
    write("bad-negative.safetensors", one(shape=[-2]))
    write("bad-fraction.safetensors", one(shape=[2.0]))
    write("bad-offsets.safetensors", one(offsets=[8, 0]))
    write("bad-offsets-beyond.safetensors", one(shape=[4], offsets=[0, 16]))
    write("bad-gap.safetensors", one(shape=[1], offsets=[4, 8]))
    write("bad-left.safetensors", one(shape=[1], offsets=[0, 4]))
    write("bad-shared.safetensors", tensors({"x": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "y": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}, bytes(8)))
    write("bad-long-name.safetensors", one(name="n" * 9_000, shape=[3]))
    write("bad-many-axes.safetensors", one(shape=[2] + [1] * 3000, offsets=[0, 4]))


def text_files():
    write("good-f64", "f64 ,\n1.5,-2,1e-300\nnan,-inf,.5\n")
    write("good-f32", "f32 ;\n# a remark\n1;2\n\nNA;\"3\"\n")
    write("good-f16", "f16 \t\n65504\t-0\n6e-8\t1\n")
    write("good-bf16", "bf16 ,\n3e38,1.00390625\n")
    write("good-i64", "i64  \n9223372036854775807 -9223372036854775808\n0 7\n")
    write("good-i8", "i8 ,\n-128,127\n")
    write("good-u64", "u64 |\n18446744073709551615|0\n")
    write("good-bool", "bool ,\nTrue,false\n1,0\n")
    write("good-windows", "f64 ,\r\n1,2\r\n3,4")
    write("good-none", "f64 ,\n")
    write("good-nothing", "")
    write("good-spaces", "i32 ,\n 1 ,\t2\n")

    write("bad-letters", "f64 ,\n1,2\n3,x4\n")
    write("bad-ragged", "f64 ,\n1,2\n3\n")
    write("bad-empty-field", "f64 ;\n1;2\n3;x\n")
    write("bad-fraction", "i32 ,\n1.0\n")
    write("bad-range", "i8 ,\n128\n")
    write("bad-negative", "u8 ,\n-1\n")
    write("bad-truth", "bool ,\n2\n")
    write("bad-digits", "i64 ,\n" + "9" * 9_000 + "\n")
    write("bad-quote", 'f64 ,\n"1,2\n3,4\n')
    write("bad-no-text", b"f64 ,\n\xff\xfe\n")
    write("bad-zeros", b"f64 ,\n" + bytes(64))
    write("bad-npy", npy(np.arange(3.0)))


for file in [*OUT.glob("*/good-*"), *OUT.glob("*/bad-*")]:
    file.unlink()
npy_files()
npz_files()
safetensors_files()
text_files()
