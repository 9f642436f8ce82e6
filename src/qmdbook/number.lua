-- First pass over a chapter: numbers its sections, figures, tables, equations and exercises in the
-- order in which they stand, writes each number on its element, and lists all labels in the metadata.

local stringify = pandoc.utils.stringify
local chapter = ""
local counts = { fig = 0, tbl = 0, eq = 0, exr = 0 }
local sections = { 0, 0, 0, 0, 0, 0 }
local labels = pandoc.List()

local function numbered(count)
  return chapter == "" and tostring(count) or chapter .. "." .. count
end

local function record(id, kind, number, text, part)
  labels:insert({ id = id, kind = kind, number = number, text = text or "", part = part or "" })
end

local function next_number(kind)
  counts[kind] = counts[kind] + 1
  return numbered(counts[kind])
end

local function header(el)
  if el.identifier:match("^value%-%d") or el.identifier:match("%-value%-%d") then -- of what stood there before
    el.identifier = stringify(el):lower():gsub("[^%w%s_.-]", ""):gsub("%s+", "-")
  end
  local number = ""
  if not el.classes:includes("unnumbered") and chapter ~= "" then
    if el.level == 1 then
      number = chapter
    else
      sections[el.level] = sections[el.level] + 1
      for deeper = el.level + 1, #sections do sections[deeper] = 0 end
      number = numbered(table.concat(sections, ".", 2, el.level))
    end
    el.attributes.number = number
  end
  local kind = el.level == 1 and "chapter" or "sec"
  record(el.identifier, kind, number, stringify(el), el.attributes.part)
  return el
end

local function labelled(kind)
  return function(el)
    if el.identifier:match("^" .. kind .. "%-") then
      el.attributes.number = next_number(kind)
      record(el.identifier, kind, el.attributes.number)
      return el
    end
  end
end

-- A solution has the number of the exercise before it.
local function exercise(el)
  if el.identifier:match("^exr%-") then
    el.attributes.number = next_number("exr")
    record(el.identifier, "exr", el.attributes.number)
    return el
  elseif el.classes:includes("solution") and counts.exr > 0 then
    el.attributes.number = numbered(counts.exr)
    return el
  end
end

-- `$$...$$ {#eq-x}`: the label is plain text to pandoc; it becomes a span around the formula.
local function equations(el)
  local result, i = pandoc.Inlines({}), 1
  while i <= #el.content do
    local math, label = el.content[i], nil
    if math.t == "Math" and math.mathtype == "DisplayMath" then
      local after = el.content[i + 1] and el.content[i + 1].t:match("^S[op]") and 2 or 1
      local text = el.content[i + after]
      label = text and text.t == "Str" and text.text:match("^{#(eq%-[%w_-]+)}$")
      if label then
        local number = next_number("eq")
        record(label, "eq", number)
        math = pandoc.Span({ math }, pandoc.Attr(label, { "equation" }, { number = number }))
        i = i + after
      end
    end
    result:insert(math)
    i = i + 1
  end
  el.content = result
  return el
end

local function without_mark(el) -- of what was read
  if el.classes:includes("read") then return el.content end
end

function Pandoc(doc)
  chapter = doc.meta.chapter and stringify(doc.meta.chapter) or ""
  doc = doc:walk({ Div = without_mark, Span = without_mark })
  doc = doc:walk({
    traverse = "topdown",
    Header = header,
    Figure = labelled("fig"),
    Table = labelled("tbl"),
    Div = exercise,
    Para = equations,
    Plain = equations,
  })
  doc.meta.labels = pandoc.MetaString(pandoc.json.encode(labels))
  return doc
end
