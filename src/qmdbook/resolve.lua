-- Second pass, for one output format: references become links with the number's text, captions
-- get theirs, and cells, callouts and conditional blocks take the format's shape.

local stringify = pandoc.utils.stringify
local format = FORMAT:match("^html") and "html" or FORMAT:match("^typst") and "typst" or "ipynb"
local labels, present, page, hand_in, marked = {}, {}, "", false, false
local NAMES = { fig = "Figure", tbl = "Table", eq = "Equation", sec = "Section", chapter = "Chapter",
  exr = "Exercise" }

local function raw(text, block)
  return (block and pandoc.RawBlock or pandoc.RawInline)(format == "ipynb" and "html" or format, text)
end

local function typst_string(text)
  return '"' .. text:gsub("\\", "\\\\"):gsub('"', '\\"'):gsub("\n", " ") .. '"'
end

local function fail(message)
  io.stderr:write("qmdbook: " .. message .. "\n")
  os.exit(3)
end

-- What a format leaves out on purpose. When words are marked, to see that none is lost, their marks stay.
local function leave_out(blocks)
  if not marked then return {} end
  local marks = pandoc.List()
  local function note(el) marks:insert(el.text) end
  pandoc.Blocks(blocks):walk({ Str = note, Code = note, CodeBlock = note, Math = note })
  local comment = format == "typst" and "/* %s */" or "<!-- %s -->"
  return { raw(comment:format(table.concat(marks, " ")), true) }
end

-- References ------------------------------------------------------------------------------------

-- What a hand-in calls a chapter or section: the homework's question and part.
local function asked(kind, label)
  if kind == "chapter" then return "Question\u{a0}" .. label.number end
  if label.part == "" then return "\u{201c}" .. label.text .. "\u{201d}" end
  return (label.part:match("^%w+$") and "Part\u{a0}" or "Parts\u{a0}") .. label.part
end

local function reference(citation)
  local label = labels[citation.id]
  if not label then fail("the reference @" .. citation.id .. " leads nowhere") end
  local text = pandoc.Inlines(label.number)
  if #citation.prefix > 0 then -- [Fig. @fig-x]: the writer's own name for it
    text = citation.prefix .. { pandoc.Str("\u{a0}") } .. text
  elseif hand_in and (label.kind == "chapter" or label.kind == "sec") then
    text = pandoc.Inlines(asked(label.kind, label))
  elseif label.number == "" then
    text = pandoc.Inlines(label.text)
  elseif citation.mode ~= "SuppressAuthor" then
    text = pandoc.Inlines(NAMES[label.kind] .. "\u{a0}" .. label.number)
  end
  local elsewhere = page == "" and not present[citation.id] -- and this is the whole file
  if format == "ipynb" or elsewhere then return text .. citation.suffix end
  local target = (page == "" or label.page == page) and "#" .. citation.id
    or label.page .. ".html#" .. citation.id
  local link = pandoc.Link(text, target, "", pandoc.Attr("", { "reference" }))
  return pandoc.Inlines({ link }) .. citation.suffix
end

local function cite(el)
  local ours = el.citations:filter(function(c) return c.id:match("^%l+") and
    NAMES[c.id:match("^(%l+)%-")] ~= nil end)
  if #ours == 0 then return nil end
  if #ours < #el.citations then fail("@" .. ours[1].id .. " stands in one bracket with a citation") end
  local result = pandoc.Inlines({})
  for i, citation in ipairs(ours) do
    if i > 1 then result:extend({ pandoc.Str(i == #ours and " and" or ","), pandoc.Space() }) end
    result:extend(reference(citation))
  end
  return result
end

-- [text](chapter.qmd#place) leads to the chapter's page, or its place in the PDF.
local function link(el)
  local is_beside = not el.target:match("^%a[%w+.-]*:") and not el.target:match("^#")
  local chapter, place = (is_beside and "/" .. el.target or ""):match("/([%w_-]+)%.qmd#?([^/]*)$")
  if not chapter and is_beside and format ~= "html" then return el.content end -- a file of the site
  if not chapter then return nil end
  if format == "html" then
    el.target = chapter .. ".html" .. (place ~= "" and "#" .. place or "")
    return el
  end
  local id = place
  for key, label in pairs(labels) do
    if place == "" and label.kind == "chapter" and label.page == chapter then id = key end
  end
  if format == "ipynb" or not present[id] then return el.content end
  el.target = "#" .. id
  return el
end

-- Sections, captions, equations -----------------------------------------------------------------

local function header(el)
  local number, part = el.attributes.number, el.attributes.part
  el.attributes.number, el.attributes.part = nil, nil
  if hand_in then
    local named = el.level == 1 or part
    local label = { number = number, part = part }
    if number and named then el.content:insert(1, asked(el.level == 1 and "chapter" or "sec", label) .. ": ") end
    return el
  end
  if part then el.content:insert(" (part " .. part .. ")") end
  if number then
    local text = format == "html" and pandoc.Span(number, pandoc.Attr("", { "section-number" }))
      or pandoc.Str(number)
    el.content:insert(1, text)
    el.content:insert(2, format == "html" and pandoc.Space() or pandoc.Str("\u{2002}"))
  end
  return el
end

local function prefix(caption, text)
  if #caption.long == 0 then caption.long:insert(pandoc.Plain({})) end
  local content = caption.long[1].content
  content:insert(1, pandoc.Strong({ pandoc.Str(text) }))
  content:insert(2, pandoc.Space())
end

local function captioned(kind)
  return function(el)
    local number = el.attributes.number
    el.attributes.number = nil
    if number then prefix(el.caption, NAMES[kind] .. "\u{a0}" .. number .. ".") end
    return el
  end
end

local function image(el)
  local alt = el.attributes["fig-alt"]
  el.attributes["fig-alt"] = nil
  if format == "typst" then -- pandoc's writer drops the alt text
    local width = el.attributes.width and ", width: " .. el.attributes.width or ""
    return raw("#image(" .. typst_string(el.src) .. ", alt: " .. typst_string(alt or stringify(el.caption)) .. width .. ")")
  end
  if alt then el.caption = { pandoc.Str(alt) } end
  if format == "ipynb" then el.attributes = {} end
  return el
end

local function equation(el)
  if not el.classes:includes("equation") then return nil end
  local number, formula = el.attributes.number, el.content[1]
  if format == "html" then
    el.attributes.number = nil
    el.content:insert(raw('<span class="equation-number">(' .. number .. ")</span>"))
    return el
  end
  if format == "typst" then
    return { raw('#equation("' .. number .. '", "' .. el.identifier .. '")['), formula, raw("]") }
  end
  formula.text = formula.text:gsub("%s*$", "") .. " \\tag{" .. number .. "}\n"
  return formula
end

local formulas = dofile(pandoc.path.join({ pandoc.path.directory(PANDOC_SCRIPT_FILE), "formulas.lua" }))

-- Blocks ----------------------------------------------------------------------------------------

local function is_visible(el) -- which has one of the two attributes
  local unless = el.attributes["unless-format"]
  local value = unless or el.attributes["when-format"]
  local fits = value == format or (value == "pdf" and format == "typst")
  if unless then fits = not fits end
  if el.classes:includes("content-hidden") then return not fits end
  return fits
end

-- Prose is quoted; the cells in between stay cells.
local function quoted(blocks)
  local result, quote = pandoc.Blocks({}), pandoc.Blocks({})
  local function close()
    if #quote > 0 then result:insert(pandoc.BlockQuote(quote)) end
    quote = pandoc.Blocks({})
  end
  for _, block in ipairs(blocks) do
    if block.t == "Div" and block.classes:includes("cell") then
      close()
      result:extend(block.content)
    else
      quote:insert(block)
    end
  end
  close()
  return result
end

-- The title that a box begins with.
local function take_title(el)
  return el.content:remove(1).content[1].content
end

local function callout(el, kind, title, folded)
  if format == "ipynb" then
    el.content:insert(1, pandoc.Para({ pandoc.Strong(title) }))
    return quoted(el.content)
  end
  if format == "typst" then
    local blocks = pandoc.Blocks({ raw('#callout("' .. kind .. '")[', true), pandoc.Plain(title), raw("][", true) })
    blocks:extend(el.content)
    blocks:insert(raw("]", true))
    return blocks
  end
  local open = folded and '<details class="callout callout-%s"><summary>'
    or '<div class="callout callout-%s"><p class="callout-title">'
  local blocks = pandoc.Blocks({ raw(open:format(kind), true), pandoc.Plain(title),
    raw(folded and "</summary>" or "</p>", true), pandoc.Div(el.content, pandoc.Attr("", { "callout-body" })),
    raw(folded and "</details>" or "</div>", true) })
  return blocks
end

local function numbered(word, number, name)
  local title = pandoc.Inlines(number and word .. "\u{a0}" .. number or word)
  if #name == 0 then return title end
  return title .. { pandoc.Space(), pandoc.Str("(") } .. name .. { pandoc.Str(")") }
end

local function exercise(el)
  local title = pandoc.Strong(numbered(NAMES.exr, el.attributes.number, take_title(el)))
  if #el.content == 0 or el.content[1].t ~= "Para" then el.content:insert(1, pandoc.Para({})) end
  local first = el.content[1].content
  first:insert(1, title)
  first:insert(2, pandoc.Space())
  if format == "ipynb" then return el.content end
  el.attributes.number = nil
  if format == "typst" then el.attributes["typst:above"] = "1.5em" end
  return el
end

-- In print it stands apart from its exercise.
local function solution(el)
  local number = format == "typst" and el.attributes.number or nil
  return callout(el, "tip", numbered("Solution", number, take_title(el)), true)
end

-- In a notebook code and outputs come from the execution; here stand the cell's number, outputs
-- that are Markdown, as they read when resolved, and captions.
local function notebook_cell(el)
  local number = el.attributes.part
  if el.classes:includes("unevaluated") then return el.content end
  local blocks = pandoc.Blocks({ raw("<!-- cell " .. number .. " -->", true) })
  local captions = pandoc.Blocks({})
  local function caption(block)
    if #block.caption.long > 0 and block.identifier ~= "" then
      captions:insert(pandoc.Para(pandoc.utils.blocks_to_inlines(block.caption.long)))
    end
    if block.t == "Table" then
      block.caption = pandoc.Caption()
      return block
    end
  end
  local function output(block)
    if block.classes:includes("cell-markdown") then
      blocks:insert(raw("<!-- output " .. block.attributes.output .. " -->", true))
      blocks:extend(block.content)
      blocks:insert(raw("<!-- end -->", true))
    end
  end
  el:walk({ Figure = caption, Table = caption }):walk({ Div = output })
  return blocks .. captions .. leave_out(el.content)
end

local function code(el)
  if not el.classes:includes("cell-code") then return nil end
  if hand_in then return leave_out({ el }) end
  local fold, summary = el.attributes["code-fold"], el.attributes["code-summary"]
  el.attributes = {}
  if format ~= "html" or not fold or fold == "false" then return el end
  local escaped = summary:gsub("&", "&amp;"):gsub("<", "&lt;")
  return { raw('<details class="code-fold"' .. (fold == "show" and " open" or "") .. "><summary>" .. escaped
    .. "</summary>", true), el, raw("</details>", true) }
end

-- In print code stays on the page of its output.
local function with_its_output(blocks)
  local first = blocks[1]
  if #blocks > 1 and first.t == "CodeBlock" and first.classes:includes("cell-code") then
    blocks[1] = pandoc.Div({ first }, pandoc.Attr("", {},
      { ["typst:sticky"] = "true", ["typst:above"] = "1.2em", ["typst:below"] = "0.7em" }))
  end
  return blocks
end

local function div(el)
  if el.classes:includes("content-visible") or el.classes:includes("content-hidden") then
    return is_visible(el) and el.content or leave_out(el.content)
  end
  if el.identifier:match("^exr%-") then return exercise(el) end
  if el.classes:includes("solution") then return solution(el) end
  for _, class in ipairs(el.classes) do
    local kind = class:match("^callout%-(%l+)$")
    if kind and kind ~= "title" then
      return callout(el, kind, take_title(el), el.attributes.collapse == "true")
    end
  end
  if el.classes:includes("cell-markdown") and format ~= "ipynb" then return el.content end
  if el.classes:includes("cell") then
    if format == "ipynb" then
      el.content, el.attributes = notebook_cell(el), {}
    elseif #el.content == 0 or format == "typst" then -- a block of typst would eat a figure's spacing
      return with_its_output(el.content)
    elseif el.content:find_if(function(block) return block.t == "Header" end) then
      return el.content -- headings in a box are missing from the page's table of contents
    end
    el.attributes = {}
    return el
  end
end

-- Tables scroll in a box of their own; wide code does so by itself. In print wide ones are set
-- smaller, by the widest words of their columns, and long ones break.
local LINE, LINES = 80, 14 -- letters and lines of a table that is set in its full size, in one piece
local SIZE, SMALLEST = 10, 6 -- of its text, in points

-- The letters of the widest row of a formula, and the number of its rows.
local function formula_size(tex)
  local rows = 1
  local function row_letters(row)
    return #row:gsub("\\%a+", "x"):gsub("[%s{}^_\\]", ""):gsub("&", "xx")
  end
  tex = tex:gsub("\\begin{%a+}(.-)\\end{%a+}", function(body)
    local widest, count = 0, 0
    for row in (body .. "\\\\"):gmatch("(.-)\\\\") do
      widest, count = math.max(widest, row_letters(row)), count + 1
    end
    rows = math.max(rows, count)
    return ("x"):rep(widest + 2)
  end)
  return row_letters(tex:gsub("\\frac(%b{})(%b{})", function(above, below)
    return #above > #below and above or below
  end)), rows
end

-- The letters of the longest word or formula of a cell, and the lines that its formulas take.
local function cell_size(cell)
  local widest, lines = 0, 1
  local function measure(letters, rows)
    widest, lines = math.max(widest, letters), math.max(lines, rows)
  end
  cell.contents:walk({
    Str = function(el) measure(utf8.len(el.text) or #el.text, 1) end,
    Code = function(el) measure(#el.text, 1) end,
    Math = function(el) measure(formula_size(el.text)) end,
  })
  return widest, lines
end

local function box_table(el)
  if format == "html" then return pandoc.Div({ el }, pandoc.Attr("", { "table-box" })) end
  if format ~= "typst" or marked then return nil end -- marks are longer than their words
  local rows, columns, lines = pandoc.List(el.head.rows), {}, 0
  for _, body in ipairs(el.bodies) do rows = rows .. body.body end
  for _, row in ipairs(rows) do
    local highest = 1
    for i, cell in ipairs(row.cells) do
      local letters, height = cell_size(cell)
      columns[i], highest = math.max(columns[i] or 0, letters), math.max(highest, height)
    end
    lines = lines + highest
  end
  local width = 0
  for _, letters in pairs(columns) do width = width + letters + 2 end
  local share = math.min(1, LINE / width)
  if share * SIZE < SMALLEST then
    local first = pandoc.List()
    for i = 1, math.min(#rows[1].cells, 8) do first:insert(stringify(rows[1].cells[i])) end
    fail("the table that starts with `" .. table.concat(first, " ") .. "` is too wide for the PDF's page, "
      .. "even in small type: make its columns narrower, or fewer")
  end
  local rules = lines > LINES and "#show figure: set block(breakable: true)\n" or ""
  if share < 1 then
    rules = rules .. ("#show table: set text(%.1fpt)\n#set table(inset: %.1fpt)\n"):format(SIZE * share, 5 * share)
  end
  return rules ~= "" and { raw("#[\n" .. rules, true), el, raw("]", true) } or nil
end

-- In print a paragraph that does not end a sentence stays on the page of what it leads to.
local function keep_together(blocks)
  for i, block in ipairs(blocks) do
    local is_text = block.t == "Para" and block.content[1].t ~= "RawInline" -- and no formula
    if is_text and blocks[i + 1] and not stringify(block):match("[.?!]%W*$") then
      blocks[i] = pandoc.Div({ block }, pandoc.Attr("", {}, { ["typst:sticky"] = "true" }))
    end
  end
  return blocks
end

-- In print solutions stand at their chapter's end.
local function solutions_last(blocks)
  local kept, solutions = pandoc.Blocks({}), pandoc.Blocks({})
  local function end_chapter()
    if #solutions == 0 then return end
    kept:insert(raw("#heading(level: 2, numbering: none, outlined: false, bookmarked: false)[Solutions]", true))
    kept:extend(solutions)
    solutions = pandoc.Blocks({})
  end
  for _, block in ipairs(blocks) do
    if block.t == "Header" and block.level == 1 then end_chapter() end
    local is_solution = block.t == "Div" and block.classes:includes("solution")
    local place = is_solution and solutions or kept
    place:insert(block)
  end
  end_chapter()
  return kept
end

local function all_ids(doc)
  local ids = {}
  local function note(el) ids[el.identifier] = true end
  doc:walk({ Header = note, Figure = note, Table = note, Span = note, Div = note })
  return ids
end

function Pandoc(doc)
  marked = doc.meta.marked
  hand_in = doc.meta.template and stringify(doc.meta.template) ~= "book"
  present = all_ids(doc)
  page = doc.meta.page and stringify(doc.meta.page) or ""
  labels = pandoc.json.decode(stringify(doc.meta.labels), false)
  doc.meta.labels = nil
  if format == "ipynb" then
    local function drop() return {} end
    doc = doc:walk({ RawBlock = drop, RawInline = drop })
  end
  if format == "typst" and not hand_in then doc.blocks = solutions_last(doc.blocks) end
  local has_citations = false
  doc = doc:walk({ Cite = function(el)
    local reference = cite(el)
    has_citations = has_citations or not reference
    return reference
  end })
  if has_citations and page ~= "" then
    doc.blocks:insert(pandoc.Header(2, "References", pandoc.Attr("references", { "unnumbered" })))
    doc.blocks:insert(pandoc.Div({}, pandoc.Attr("refs")))
  end
  doc = doc:walk({ Header = header, Link = link, Figure = captioned("fig"), Table = captioned("tbl") })
  for _, filter in ipairs(formulas) do doc = doc:walk(filter) end
  doc = doc:walk({ Image = image, Span = equation, CodeBlock = code })
  doc = doc:walk({ Div = div })
  doc = doc:walk({ Table = box_table })
  if format == "typst" then doc = doc:walk({ Blocks = keep_together }) end
  return doc
end
