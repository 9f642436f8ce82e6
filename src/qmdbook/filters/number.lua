-- First pass over a chapter: numbers its sections, figures, tables, equations and exercises in the
-- order in which they stand, writes each number on its element, and lists all labels in the metadata.

local stringify = pandoc.utils.stringify

-- Counts what a chapter has; without a number, the chapter's own is left out of all others.
local function counter(chapter)
  local counts, sections = {}, { 0, 0, 0, 0, 0, 0 }
  local function numbered(count) return chapter == "" and tostring(count) or chapter .. "." .. count end

  local count = {}
  function count.of(kind) return counts[kind] and numbered(counts[kind]) end
  function count.next(kind)
    counts[kind] = (counts[kind] or 0) + 1
    return numbered(counts[kind])
  end
  function count.section(level)
    if level == 1 then return chapter end
    sections[level] = sections[level] + 1
    for deeper = level + 1, #sections do sections[deeper] = 0 end
    return numbered(table.concat(sections, ".", 2, level))
  end
  return count
end

local function header(el, count, record, is_numbered)
  if el.identifier:match("^value%-%d") or el.identifier:match("%-value%-%d") then -- of what stood there before
    el.identifier = stringify(el):lower():gsub("[^%w%s_.-]", ""):gsub("%s+", "-")
  end
  local number = ""
  if is_numbered and not el.classes:includes("unnumbered") then
    number = count.section(el.level)
    el.attributes.number = number
  end
  local kind = el.level == 1 and "chapter" or "sec"
  record(el.identifier, kind, number, stringify(el), el.attributes.part)
  return el
end

-- `$$...$$ {#eq-x}`: the label is plain text to pandoc; it becomes a span around the formula.
local function equations(el, count, record)
  local result, i = pandoc.Inlines({}), 1
  while i <= #el.content do
    local math, label = el.content[i], nil
    if math.t == "Math" and math.mathtype == "DisplayMath" then
      local after = el.content[i + 1] and el.content[i + 1].t:match("^S[op]") and 2 or 1
      local text = el.content[i + after]
      label = text and text.t == "Str" and text.text:match("^{#(eq%-[%w_-]+)}$")
      if label then
        local number = count.next("eq")
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
  local told = pandoc.json.decode(stringify(doc.meta.qmdbook), false)
  local count, labels = counter(told.chapter), pandoc.List()

  local function record(id, kind, number, text, part)
    labels:insert({ id = id, kind = kind, number = number, text = text or "", part = part or "" })
  end
  local function labelled(kind)
    return function(el)
      if not el.identifier:match("^" .. kind .. "%-") then return nil end
      el.attributes.number = count.next(kind)
      record(el.identifier, kind, el.attributes.number)
      return el
    end
  end
  local exercise = labelled("exr")
  local function div(el) -- a solution has the number of the exercise before it
    if el.classes:includes("solution") then el.attributes.number = count.of("exr") end
    return exercise(el) or el
  end

  doc = doc:walk({ Div = without_mark, Span = without_mark })
  doc = doc:walk({
    traverse = "topdown",
    Header = function(el) return header(el, count, record, told.chapter ~= "") end,
    Figure = labelled("fig"),
    Table = labelled("tbl"),
    Div = div,
    Para = function(el) return equations(el, count, record) end,
    Plain = function(el) return equations(el, count, record) end,
  })
  doc.meta.labels = pandoc.MetaString(pandoc.json.encode(labels))
  return doc
end
